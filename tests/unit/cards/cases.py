"""Evaluations made by hand, and how their cards look: `python -m tests.unit.cards.cases` writes the golden files anew.

Read the difference before you commit it: these files are what a clinician sees.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import orjson

from cds import data
from cds.cards.compose import Composed, compose
from cds.cards.context import CardContext, Options
from cds.cards.deck import Deck, Language
from cds.hooks.models import Card
from cds.reasoning.chart import Access, Coding, Moment, NotUsed, Ref
from cds.reasoning.conclusions import (
    Cause,
    Conclusion,
    Evaluation,
    Evidence,
    Form,
    Gap,
    Proposal,
    Request,
    Stage,
    Text,
    Value,
)
from cds.reasoning.knowledge.cards import Cards
from cds.reasoning.knowledge.reading import read_chapter
from cds.reasoning.knowledge.sources import Sources
from cds.reasoning.knowledge.wording import Wording

GOLDEN = Path(__file__).parent / "golden"
CALCIFICATION = "soft-tissue-calcification"
VENOUS = "chronic-venous-insufficiency"
KINDS = ("patient", "conditions", "laboratory", "findings", "medications", "procedures", "reports", "orders")
SEEN = dict.fromkeys(KINDS, Access.PRESENT)
NOW = datetime(2026, 3, 12, 10, 30, tzinfo=UTC)


DEFAULT = Options()


@cache
def deck(options: Options = DEFAULT) -> Deck:
    """The deck of the package's own rules."""
    folders = [data.folder("rules")]
    return Deck(
        read_chapter(Cards, "cards", folders),
        read_chapter(Wording, "wording", folders),
        read_chapter(Sources, "sources", folders),
        options,
        "test-1",
    )


def counted() -> Callable[[], str]:
    """UUIDs that count up, so that answers can be compared."""
    numbers = itertools.count(1)
    return lambda: f"00000000-0000-4000-8000-{next(numbers):012d}"


def context(**changes: object) -> CardContext:
    base = CardContext("p1", NOW, encounter_id="e1", user="Practitioner/d1", fhir_version="4.0.1", new_uuid=counted())
    return base._replace(**changes)  # type: ignore[arg-type]


def answer(
    evaluation: Evaluation,
    service: str = CALCIFICATION,
    language: Language = "en",
    options: Options = DEFAULT,
    **changes: object,
) -> Composed:
    return compose(evaluation, service, language, context(**changes), deck(options))


def same(words: str) -> Text:
    return Text(words, words)


def moment(written: str) -> Moment:
    day = datetime.fromisoformat(written if len(written) > 7 else f"{written}-01")
    return Moment(day if day.tzinfo else day.replace(tzinfo=UTC), written)


CALCIUM = Evidence(
    Text("Calcium, total", "Calcium total"),
    Ref("Observation", "ca-1", "3"),
    Value(3.72, "mmol/L"),
    moment("2026-03-12T08:05:00+01:00"),
)
EGFR = Evidence(
    Text("eGFR, CKD-EPI 2021", "DFG, CKD-EPI 2021"),
    Ref("Observation", "gfr-1"),
    Value(12.4, "mL/min/{1.73_m2}", 1),
    moment("2026-02-28"),
    Text("recent (91-365 d)", "récent (91-365 j)"),
)
PTH = Evidence(Text("PTH", "PTH"), Ref("Observation", "pth-1"), Value(4, "ng/L", 0, "<="), moment("2026-03-12"))
REPORT = Evidence(
    Text("Imaging report", "Compte rendu d'imagerie"),
    Ref("DiagnosticReport", "rx-1"),
    "Calcifications des parties molles | jambe gauche <2 cm",
    moment("2025-11"),
    Text("weak: text only", "faible : texte seul"),
)
LEG = Evidence(
    Text("Venous ulcer", "Ulcère veineux"), Ref("Condition", "ulcer-1"), "Ulcère veineux", moment("2025-10-01")
)


def laboratory(key: str, code: str, priority: str = "routine", after: int | None = None) -> Request:
    return Request(
        "laboratory",
        key,
        Coding("http://loinc.org", code, f"{key} display"),
        Text(f"{key} (en)", f"{key} (fr)"),
        priority,  # type: ignore[arg-type]
        reasons=(Ref("Observation", "ca-1"), Ref("Procedure", "x"), Ref("Observation", "ca-1"), Ref("Condition", "")),
        note="CLS-1",
        after_days=after,
    )


REFERRAL = Request(
    "referral",
    "referral-nephrology",
    Coding("http://snomed.info/sct", "306286007", "Referral to nephrologist"),
    Text("Nephrology advice", "Avis néphrologique"),
    "asap",
    note="RED-1",
)
RADIOGRAPH = Request(
    "imaging", "leg-radiograph", None, Text("Radiograph of the leg", "Radiographie de jambe"), site="jambe gauche"
)

CLASS_CARD = Conclusion(
    "C-CLASS-MET",
    "CLS-1",
    "PROBABLE",
    "probable",
    evidence=(CALCIUM, EGFR, REPORT),
    gaps=(
        Gap("missing", Text("Phosphate", "Phosphatémie")),
        Gap("single", same("Calcium"), (Ref("Observation", "ca-1"),)),
    ),
    notes=(Text("Thiazide taken: it can raise calcium.", "Thiazidique pris : il peut élever la calcémie."),),
    requests=(laboratory("phosphate", "14879-1"),),
    proposals=(
        Proposal(
            "condition",
            "metabolic-calcification",
            None,
            Text("Metabolic (metastatic) soft tissue calcification", "Calcifications métastatiques des tissus mous"),
            sources=(Ref("DiagnosticReport", "rx-1"),),
        ),
    ),
    sources=("R6", "S"),
    decisions=("D-11",),
)
ALARM = Conclusion(
    "C-CRIT-CA-HIGH",
    "CAL-4",
    evidence=(CALCIUM, PTH),
    requests=(laboratory("calcium-ionised", "1995-0", "stat"), laboratory("pth-intact", "14866-8", "stat", 14)),
)
FORMS = Conclusion(
    "C-FORM",
    "FRM-4",
    certainty="possible",
    values={"form": Text("pseudoxanthoma elasticum (+1)", "pseudoxanthome élastique (+1)")},
    evidence=(REPORT,),
)
METASTATIC = Evaluation(
    "METASTATIC_PROBABLE",
    None,
    (FORMS, CLASS_CARD, ALARM),
    causes=(Cause("MET-PHPT", "probable", same("x"), "metabolic"),),
    forms=(
        Form("pseudoxanthoma-elasticum", same("x"), "text"),
        Form("phlebolith", same("x"), "coded"),
    ),
    not_used=(NotUsed("Observation/9", "unit-missing", "calcium-total", "9.6"),),
    access=SEEN,
)

STAGE_CARD = Conclusion(
    "C-CVI-STAGE",
    "CVI-5",
    certainty="possible",
    values={"n": same("3-4"), "ceap": same("C4b (C3, C4a)")},
    evidence=(LEG,),
    notes=(Text("Is the ankle stiff?", "La cheville est-elle raide ?"),),
    proposals=(
        Proposal(
            "condition",
            "venous-insufficiency-stage",
            Coding("http://snomed.info/sct", "20696009", "Peripheral venous insufficiency"),
            Text("Chronic venous insufficiency", "Insuffisance veineuse chronique"),
            stage_text=Text("Porter 1988 stage 3-4 of 4", "Porter 1988 stade 3-4/4"),
            sources=(Ref("Condition", "ulcer-1"),),
        ),
        Proposal(
            "stage-observation",
            "porter-stage",
            None,
            Text("Porter 1988 CVI stage", "Stade d'IVC de Porter 1988"),
            stage=(3, 4),
            sources=(Ref("Observation", "oedema-1"), Ref("Condition", "ulcer-1")),
        ),
    ),
    decisions=("D-6",),
)
ULCER = Conclusion(
    "C-CVI-ULCER", "CVI-3", certainty="probable", evidence=(LEG, REPORT), requests=(RADIOGRAPH,), sources=("R37",)
)
VENOUS_CASE = Evaluation(
    "DYSTROPHIC_PROBABLE",
    None,
    (STAGE_CARD, ULCER),
    stage=Stage(3, 4, "C4b (C3, C4a)"),
    access=SEEN | {"orders": Access.ABSENT},
)

RED_FLAG = Conclusion(
    "C-CALCIPH", "RED-1", certainty="possible", evidence=(EGFR, LEG), requests=(REFERRAL,), decisions=("D-20",)
)
CALCIPHYLAXIS = Evaluation(
    "INDETERMINATE",
    "none",
    (Conclusion("C-CLASS-IND", "CLS-1", "RED-1", evidence=(REPORT,)), RED_FLAG),
    access=SEEN,
    withheld={"C-CVI-STAGE": "RED-1", "C-CVI-ULCER": "RED-1"},
)

PARASITE = Evaluation(
    "DYSTROPHIC_CONFIRMED",
    None,
    (
        Conclusion(
            "C-PARA",
            "FRM-8",
            certainty="possible",
            values={"parasite": Text("cysticercosis", "cysticercose")},
            evidence=(REPORT,),
        ),
        Conclusion("C-CLASS-DYS", "CLS-1", "UNEXPLAINED", "confirmed", gaps=(Gap("stale", same("PTH")),)),
    ),
    access=SEEN | {"laboratory": Access.FAILED, "reports": Access.PARTIAL},
)
NOTHING = Evaluation("NOT_APPLICABLE", None, (), access=dict.fromkeys(KINDS, Access.ABSENT), evaluable=False)

CASES: dict[str, tuple[Evaluation, str]] = {
    "metastatic": (METASTATIC, CALCIFICATION),
    "venous": (VENOUS_CASE, VENOUS),
    "calciphylaxis": (CALCIPHYLAXIS, CALCIFICATION),
    "parasite-and-unseen-data": (PARASITE, CALCIFICATION),
    "nothing-seen": (NOTHING, VENOUS),
}


def shown(composed: Composed) -> str:
    """An answer as a person would read it, and the rest of it as JSON."""
    return "\n\n\n".join([*map(_card, composed.cards), _json(composed.extension)]) + "\n"


def _card(card: Card) -> str:
    rest = {
        name: getattr(card, name) for name in card.__struct_fields__ if name not in ("summary", "indicator", "detail")
    }
    return f"# [{card.indicator}] {card.summary}\n\n{card.detail}\n\n{_json(rest)}"


def _json(value: object) -> str:
    import msgspec

    plain = msgspec.to_builtins(value)
    return f"```json\n{orjson.dumps(plain, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode()}\n```"


def golden_file(name: str, language: str) -> Path:
    return GOLDEN / f"{name}.{language}.md"


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for case, (evaluation, service) in CASES.items():
        for tongue in ("en", "fr"):
            golden_file(case, tongue).write_text(shown(answer(evaluation, service, tongue)), encoding="utf-8")  # type: ignore[arg-type]
