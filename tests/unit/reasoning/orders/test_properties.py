"""What must not matter: an unrelated draft, the order of drafts, how a medicine is coded (invariant 7)."""

from __future__ import annotations

from datetime import datetime
from functools import cache

import pytest

from cds.reasoning.chart import Chart, Draft, Ref
from cds.reasoning.conclusions import Conclusion
from cds.reasoning.facts import Facts
from cds.reasoning.orders.evaluate import evaluate_orders
from tests.unit.reasoning.orders.cases import Case, cases, consultant, facts_of, given

CASES = dict(cases())
UNRELATED = (
    Draft(Ref("MedicationRequest", "a-unrelated"), "MedicationRequest", texts=("amoxicilline 1 g",), route="orale"),
    Draft(Ref("ServiceRequest", "a-unrelated"), "ServiceRequest", texts=("Consultation de cardiologie",)),
    Draft(Ref("ServiceRequest", "z-unrelated"), "ServiceRequest", loincs=("718-7",), texts=("Hémoglobine",)),
    Draft(Ref("DeviceRequest", "z-unrelated"), "DeviceRequest", texts=("Fauteuil roulant",)),
)


@cache
def chart_of(identifier: str, now: datetime) -> Chart:
    return facts_of(CASES[identifier], now).chart


@cache
def concluded(identifier: str, now: datetime) -> tuple[Conclusion, ...]:
    return conclusions(chart_of(identifier, now), now)


def conclusions(chart: Chart, now: datetime) -> tuple[Conclusion, ...]:
    return evaluate_orders(Facts(chart, now, consultant().knowledge)).conclusions


@pytest.mark.parametrize("identifier", CASES)
def test_an_unrelated_draft_changes_nothing(identifier: str, now: datetime) -> None:
    chart = chart_of(identifier, now)
    first, second, *rest = UNRELATED
    more = chart._replace(drafts=(first, *chart.drafts, second, *rest))
    assert conclusions(more, now) == concluded(identifier, now)


@pytest.mark.parametrize("identifier", [name for name, case in CASES.items() if len(case["draft_orders"]) > 1])
def test_the_order_of_drafts_changes_nothing(identifier: str, now: datetime) -> None:
    chart = chart_of(identifier, now)
    assert conclusions(chart._replace(drafts=chart.drafts[::-1]), now) == concluded(identifier, now)


@pytest.mark.parametrize("identifier", CASES)
def test_the_order_of_data_changes_nothing(identifier: str, now: datetime) -> None:
    chart = chart_of(identifier, now)
    reversed_ = chart._replace(
        **{
            name: getattr(chart, name)[::-1]
            for name in ("problems", "measurements", "findings", "medicines", "reports", "orders")
        }
    )
    assert given(conclusions(reversed_, now)).keys() == given(concluded(identifier, now)).keys()


@pytest.mark.parametrize("identifier", CASES)
def test_what_is_not_selected_is_not_judged(identifier: str, now: datetime) -> None:
    chart = chart_of(identifier, now)
    unselected = chart._replace(drafts=tuple(each._replace(selected=False) for each in chart.drafts))
    evaluation = evaluate_orders(Facts(unselected, now, consultant().knowledge))
    assert evaluation.conclusions == ()
    assert not evaluation.asked


PENDING = "ORD-10 Duplicates: an order of 30 days ago is pending"


@pytest.mark.parametrize("change", [{"placed": False}, {"when": None}, {"source": Ref("ServiceRequest", "draft-1")}])
def test_only_another_order_that_was_placed_is_pending(change: dict[str, object], now: datetime) -> None:
    """A draft of the record is no order, an undated one proves nothing, and the draft itself is not its own repeat."""
    chart = chart_of(PENDING, now)
    (order,) = chart.orders
    assert set(given(concluded(PENDING, now))) == {"C-ORD-DUP"}
    assert conclusions(chart._replace(orders=(order._replace(**change),)), now) == ()


VERIFIED = ({"lab": "calcium-total", "value": 2.9, "unit": "mmol/L", "d": 3}, {"lab": "calcium-total", "value": 2.9, "unit": "mmol/L", "d": 30})  # fmt: skip
ON_DIALYSIS = {
    "conditions": [
        {"code": "SCT|236435004", "text": "End stage renal failure on dialysis"},
        {"code": "ICD10|L94.2", "text": "Calcinose"},
    ],
    "procedures": [{"concept": "haemodialysis", "first_d": 900, "last_d": 1}],
    "observations": [{"lab": "phosphate", "value": 2.2, "unit": "mmol/L", "d": 3}],
}
SAME = [
    ("C-ORD-CA b", {"observations": VERIFIED}, {"atc": "A12AA04"}, {"rxnorm": "1897"}, "calcium carbonate"),
    ("C-ORD-CA b", {"observations": VERIFIED}, {"atc": "A12AA20"}, {"rxnorm": "1895"}, "calcium 500 mg"),
    ("C-ORD-CA b", {"observations": VERIFIED}, {"atc": "B05XA07"}, {"rxnorm": "1867735"}, "chlorure de calcium injectable"),
    ("C-ORD-VITD b", {"observations": VERIFIED}, {"atc": "A11CC05"}, {"rxnorm": "2418"}, "colécalciférol"),
    ("C-ORD-VITD b", {"observations": VERIFIED}, {"atc": "A11CC05"}, {"rxnorm": "11253"}, "vitamine D3"),
    ("C-ORD-THZ b", {"observations": VERIFIED}, {"atc": "C03AA03"}, {"rxnorm": "5487"}, "hydrochlorothiazide"),
    ("C-ORD-THZ b", {"observations": VERIFIED}, {"atc": "C03BA11"}, {"rxnorm": "5764"}, "indapamide"),
    ("C-ORD-PHOS a", {"observations": VERIFIED}, {"atc": "B05XA06"}, {"rxnorm": "152998"}, "phosphate de potassium"),
    ("C-ORD-BIND a", ON_DIALYSIS, {"atc": "A12AA04"}, {"rxnorm": "1897"}, "carbonate de calcium"),
    ("C-ORD-VKA c", ON_DIALYSIS, {"atc": "B01AA03"}, {"rxnorm": "11289"}, "warfarine"),
]  # fmt: skip


@pytest.mark.parametrize(("card", "patient", "atc", "rxnorm", "name"), SAME)
def test_atc_rxnorm_and_name_alone_give_the_same_card(
    card: str, patient: Case, atc: Case, rxnorm: Case, name: str, now: datetime
) -> None:
    for coded in (atc, rxnorm, {"text": name}):
        drafts = [{"id": "draft", "type": "MedicationRequest", **coded}]
        found = given(conclusions(facts_of({**patient, "draft_orders": drafts}, now).chart, now))
        assert set(found) == {card}, coded
