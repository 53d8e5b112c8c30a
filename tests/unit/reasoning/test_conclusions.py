"""The edges of the chapters that no case of tests/rules/core reaches."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from msgspec.structs import replace

from cds.reasoning.alarms import alarm_conclusions, red_flag_conclusion
from cds.reasoning.causes import _values, cause_conclusions
from cds.reasoning.chart import Access, Medicine, Patient, Ref, Report
from cds.reasoning.classification import _lean, class_conclusion, classify
from cds.reasoning.conclusions import Cause, Conclusion, Evidence, Text, Value
from cds.reasoning.dystrophic import Dystrophic, assess_dystrophic
from cds.reasoning.explain import explain
from cds.reasoning.explanation import row_words
from cds.reasoning.facts import Facts
from cds.reasoning.forms import form_conclusion, parasite_conclusion, tumour_conclusion
from cds.reasoning.hints import _reaches, connective_tissue_conclusion, differential_conclusion, is_positive
from cds.reasoning.knowledge.metabolic import Confounder
from cds.reasoning.medicines import medicine_row, medicines_taken
from cds.reasoning.metabolic import Metabolic, assess_metabolic, confounders
from cds.reasoning.patient import is_pregnant, paraproteins
from cds.reasoning.redflag import RedFlag, assess_red_flag
from cds.reasoning.results import usable_results
from cds.reasoning.venous.competing import explanations
from cds.reasoning.workup import Wanted, requested
from tests.unit.reasoning.core import ago, calcinosis, chart, facts, match, measured, problem

CONCLUDING: list[Callable[[Facts], Any]] = [
    red_flag_conclusion,
    class_conclusion,
    form_conclusion,
    parasite_conclusion,
    tumour_conclusion,
    connective_tissue_conclusion,
    differential_conclusion,
]


@pytest.mark.parametrize("conclude", CONCLUDING)
def test_without_a_calcification_nothing_is_concluded(now: datetime, conclude: Callable[[Facts], Any]) -> None:
    known = facts(now, problems=(problem("gouty-tophus", text="Tophus"), problem("loiasis", text="Loase", number=2)))
    assert conclude(known) is None
    assert list(alarm_conclusions(known)) == []
    assert list(cause_conclusions(known)) == []


def metabolic(level: Any) -> Metabolic:
    return Metabolic(level, (), (), (), ())


def local(weight: Any) -> Dystrophic:
    causes = (Cause("gout", weight, Text("gout", "goutte"), "dystrophic"),) if weight != "none" else ()
    return Dystrophic(weight, causes, None, ())


@pytest.mark.parametrize(
    ("met", "dys", "reason", "lean"),
    [
        ("none", "strong", "", "dystrophic"),
        ("possible", "weak", "", "metastatic"),
        ("possible", "none", "", "metastatic"),
        ("possible", "strong", "", "none"),
        ("none", "weak", "", "none"),
        ("none", "strong", "RED-1", "none"),
    ],
)
def test_lean(now: datetime, met: str, dys: str, reason: str, lean: str) -> None:
    known: dict[Callable[[Facts], Any], Any] = {assess_metabolic: metabolic(met), assess_dystrophic: local(dys)}
    knowledge = facts(now).knowledge
    assert _lean(Facts(chart(), now, knowledge, known), reason) == lean  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["conditions", "laboratory", "medications", "procedures", "reports"])
def test_what_was_not_seen_caps_the_class(now: datetime, kind: str) -> None:
    access = dict.fromkeys(("conditions", "laboratory", "medications", "procedures", "reports"), Access.PRESENT)
    normal = tuple(
        measured(now, lab, value)
        for lab, value in (("calcium-total", 2.38), ("albumin", 42.0), ("phosphate", 1.08), ("creatinine", 62.0))
    )
    patient = Patient("example", "female", now.date().replace(year=now.year - 60))
    seen = facts(now, problems=(calcinosis(),), measurements=normal, patient=patient, access=access)
    assert seen(classify).classification == "DYSTROPHIC_UNEXPLAINED"
    blind = facts(
        now, problems=(calcinosis(),), measurements=normal, patient=patient, access={**access, kind: Access.FAILED}
    )
    assert blind(classify).classification == "INDETERMINATE"
    assert blind(classify).unseen == (kind,)


@pytest.mark.parametrize(
    ("members", "positive"),
    [
        ({"interpretation": "POS"}, True),
        ({"interpretation": "NEG", "words": "positive"}, False),
        ({"words": "positive"}, True),
        ({"words": ">1:640"}, True),
        ({"words": "1:40"}, True),
        ({"words": "negative"}, False),
        ({"words": "not detected"}, False),
        ({"words": "see comment"}, False),
        ({"value": 12.0, "high": 10.0}, True),
        ({"value": 12.0}, False),
        ({"value": 12.0, "high": 20.0, "comparator": "<"}, False),
        ({"value": 20.0, "high": 20.0, "comparator": ">"}, True),
        ({"value": 10.0, "high": 20.0, "comparator": ">"}, False),
    ],
)
def test_positive_antibodies(now: datetime, members: dict[str, Any], positive: bool) -> None:
    given = {"value": None, **members}
    value = given.pop("value")
    assert is_positive(measured(now, "anti-scl70", value, **given)) is positive


@pytest.mark.parametrize(
    ("members", "reaches"),
    [
        ({"words": "1:80"}, True),
        ({"words": "1/160"}, True),
        ({"words": "1:40"}, False),
        ({"words": "<1:80"}, False),
        ({"words": "< 80"}, False),
        ({"words": ">= 1:160"}, True),
        ({"words": "positive"}, False),
        ({"value": 80.0}, True),
        ({"value": 80.0, "comparator": "<"}, False),
        ({"value": 40.0, "comparator": ">"}, False),
    ],
)
def test_titres(now: datetime, members: dict[str, Any], reaches: bool) -> None:
    given = {"value": None, **members}
    value = given.pop("value")
    assert _reaches(measured(now, "ana", value, **given), 80) is reaches


def medicine(*names: str, **more: Any) -> Medicine:
    return Medicine(Ref("MedicationStatement", "1"), tuple(map(match, names)), (), **{"state": "active", **more})


def test_medicines_taken(now: datetime) -> None:
    def taken(**more: Any) -> bool:
        return bool(medicines_taken(facts(now, medicines=(medicine("lithium", **more),)), "lithium"))

    assert taken()
    assert taken(state="ended", until=ago(now, 30))
    assert not taken(state="ended", until=ago(now, 31))
    assert not taken(state="ended")
    assert not medicines_taken(facts(now, medicines=(medicine("thiazides"),)), "lithium")


def test_a_medicine_without_words_is_called_by_its_code() -> None:
    assert medicine_row(medicine("lithium")).value == "1"
    assert medicine_row(medicine()).value == ""


def test_the_red_flag_shows_a_medicine_without_words_once_by_its_code(now: datetime) -> None:
    known = facts(now, problems=(problem("calciphylaxis"),), medicines=(medicine("vitamin-k-antagonist"),))
    wanted = red_flag_conclusion(known)
    assert wanted is not None
    rows = [row for row in wanted.conclusion.evidence if row.label.en == "Medicine"]
    assert [row.value for row in rows] == ["1"]


def test_a_competing_medicine_without_words_is_called_by_its_code(now: datetime) -> None:
    lists = facts(now).knowledge.porter.explained_by.values()
    cause = next(each for causes in lists for each in causes if each.medicine)
    (found,) = explanations(facts(now, medicines=(medicine(cause.medicine),)), [cause])
    assert (found.evidence.label, found.evidence.value) == (cause.term, "1")


def test_confounders_are_asked_in_their_order(now: datetime) -> None:
    assert confounders(facts(now)) is None
    known = facts(now, medicines=(medicine("lithium", "thiazides"),))
    assert confounders(known) == Text(
        "Also recorded, and able to raise calcium: thiazide diuretic, lithium.",
        "Également noté, pouvant élever la calcémie : diurétique thiazidique, lithium.",
    )


def test_a_confounder_that_is_read_already() -> None:
    read = Confounder.model_validate({"medicine": "lithium", "en": "lithium", "fr": "lithium"})
    assert Confounder.model_validate(read) is read
    again = Confounder.model_validate({"criterion": read.criterion, "text": read.text})
    assert again.text == read.text


def test_the_summary_value_of_vitamin_d(now: datetime) -> None:
    rules = {rule.id: rule for rule in facts(now).knowledge.metabolic.causes}
    assert _values(facts(now), rules["MET-VITD"]) == {}
    assert _values(facts(now), rules["MET-CKD"]) == {}
    known = facts(now, measurements=(measured(now, "vitamin-d-25oh", 12000.0),))
    assert _values(known, rules["MET-VITD"])["value"].en == ">400"


@pytest.mark.parametrize(
    ("members", "pregnant"),
    [
        ({"interpretation": "POS"}, True),
        ({"words": "positive"}, True),
        ({"words": "pregnant"}, True),
        ({"words": "not pregnant"}, False),
        ({"words": "negative"}, False),
    ],
)
def test_a_pregnancy_status(now: datetime, members: dict[str, Any], pregnant: bool) -> None:
    known = facts(now, measurements=(measured(now, "pregnancy-status", None, **members),))
    assert known(is_pregnant) is pregnant


def test_what_says_a_paraprotein(now: datetime) -> None:
    assert facts(now)(paraproteins) == ()
    assert len(facts(now, measurements=(measured(now, "m-protein", 3.0),))(paraproteins)) == 1
    assert facts(now, measurements=(measured(now, "m-protein", 0.0),))(paraproteins) == ()
    alone = measured(now, "protein-total", 95.0)
    assert facts(now, measurements=(alone,))(paraproteins) == ()
    beside = (alone, measured(now, "albumin", 42.0))
    assert facts(now, measurements=beside)(paraproteins) == (alone,)
    assert facts(now, measurements=(replace(alone, value=80.0), beside[1]))(paraproteins) == ()


def test_a_disease_with_a_site_of_its_own_explains_no_other(now: datetime) -> None:
    known = facts(
        now,
        problems=(
            calcinosis()._replace(sites=("knee",)),
            problem("hydroxyapatite-deposition", text="Calcific tendinitis", sites=("shoulder",)),
        ),
    )
    assert known(assess_dystrophic).weight == "weak"
    assert not known(assess_dystrophic).strong_elsewhere


def test_the_red_flag_is_open_or_closed() -> None:
    assert RedFlag("warning").open
    assert not RedFlag("none").open


def test_every_rule_is_explained_with_or_without_data(now: datetime) -> None:
    ill = facts(
        now,
        problems=(
            calcinosis(),
            problem("venous-ulcer-open", text="Ulcère veineux très douloureux", number=2, sites=("jambe gauche",)),
            problem("haemodialysis", text="Dialyse", number=3),
            problem("chronic-venous-insufficiency", text="Insuffisance veineuse", number=4),
            problem("ankle-oedema-marked", text="Œdème franc de la cheville", number=5),
            problem("heart-failure", text="Insuffisance cardiaque", number=6),
        ),
        reports=(
            Report(Ref("DiagnosticReport", "1"), (), (), ("Masse calcifiée de la cuisse de 7 cm.",), ago(now, 5)),
        ),
    )
    explained = {each.rule: each for each in explain(ill)}
    assert explained["RED-1"].outcome == "critical"
    assert explained["FRM-9"].outcome == "true"
    assert explained["TRG-1"].outcome == "true"
    assert any(each.outcome == "withheld" for each in explained.values())
    healthy = {each.rule: each for each in explain(facts(now))}
    assert healthy["TRG-1"].outcome == "false"
    assert healthy["TRG-1"].would_change
    assert explained.keys() == healthy.keys() | {"CVI-1"}


def test_a_row_in_words(now: datetime) -> None:
    known = facts(now, measurements=(measured(now, "calcium-total", 2.5, comparator=">"),), problems=(calcinosis(),))
    row = known(usable_results).rows(known(usable_results).all("calcium-total"))[0]
    units = known.knowledge.wording.units
    words = row_words(row._replace(remark=Text("remark", "remarque")), units)
    assert words.en.endswith("Observation/calcium-total, remark")
    assert ">2.50 mmol/L" in words.en
    assert ">2,50 mmol/L" in words.fr
    assert row_words(row._replace(source=None, when=None, value="words"), units).en.endswith(": words")


def test_a_unit_is_explained_as_the_cards_show_it(now: datetime) -> None:
    years = Evidence(Text("Dialysis since", "Dialyse depuis"), None, Value(6, "a", 0))
    units = facts(now).knowledge.wording.units
    assert row_words(years, units) == Text("Dialysis since: 6 years", "Dialyse depuis : 6 ans")


@pytest.mark.parametrize("language", ["en", "fr"])
def test_what_would_change_it_is_said_in_words(now: datetime, language: str) -> None:
    """No id of a level, a test or a question in the sentences of a clinician's language."""
    said = {each.rule: each for each in explain(facts(now, problems=(calcinosis(),)))}
    lines = "\n".join(each.in_(language) for rule in said.values() for each in (*rule.because, *rule.would_change))
    assert not re.findall(r"\b(pth-intact|vitamin-d-25oh|dialysis-start|birth-date|medications)\b", lines)
    if language == "fr":
        assert not re.findall(r"\b(confirmed|unknown|none|strong|weak|metastatic)\b", lines)
        assert "- hypercalcémie : vérifiée" in said["MET-PHPT"].would_change[1].fr


def test_refusing_what_says_nothing_of_calciphylaxis(now: datetime) -> None:
    assert facts(now)(assess_red_flag) == RedFlag("none")


@pytest.mark.parametrize(("days", "asked"), [(None, True), (100, False), (730, False), (731, True)])
def test_an_examination_that_is_reported_is_not_asked_for(now: datetime, days: int | None, asked: bool) -> None:
    done = () if days is None else (Report(Ref("DiagnosticReport", "1"), (), (), (), ago(now, days), ("24686-8",)),)
    wanted = Wanted(Conclusion("C-FORM", "FRM-1"), ("leg-radiograph",))
    assert bool(requested(facts(now, reports=done), wanted).requests) is asked
