from __future__ import annotations

from datetime import date
from typing import get_args

import pytest

from cds import data
from cds.commands.printing import evaluation_text, explanation_text, unescaped
from cds.hooks.models import Action, Card, Coding, Source, Suggestion
from cds.reasoning.chart import Access, NotUsed, Patient
from cds.reasoning.conclusions import Cause, Classification, Evaluation, Form, Stage, Text
from cds.reasoning.explain import Explanation
from cds.reasoning.knowledge.reading import read_chapter
from cds.reasoning.knowledge.wording import Wording

WORDING = read_chapter(Wording, "wording", [data.folder("rules")])
PATIENT = Patient("p1", "female", date(1958, 9, 1))
CARD = Card(
    uuid="u",
    summary="High calcium",
    indicator="warning",
    source=Source(label="x", topic=Coding(code="C-PHPT")),
    detail="Detail",
    suggestions=(
        Suggestion(
            label="Repeat calcium",
            uuid="v",
            isRecommended=False,
            actions=(Action(type="create", description="d"),),
        ),
    ),
)
FOUND = Evaluation(
    classification="INDETERMINATE",
    lean="metastatic",
    conclusions=(),
    causes=(Cause("MET-PHPT", "probable", Text("hyperparathyroidism", "hyperparathyroïdie"), "metabolic"),),
    forms=(Form("tumoral-calcinosis", Text("tumoral calcinosis", "calcinose tumorale"), "coded"),),
    stage=Stage(3, 4, "C4b"),
    not_used=(
        NotUsed("Observation/2", "no-date"),
        NotUsed("Observation/1", "no-date"),
        NotUsed("Condition/1", "refuted"),
        NotUsed("Observation/3", "edta-contamination"),
    ),
    access={"conditions": Access.PRESENT, "orders": Access.ABSENT},
)


def test_a_clinician_can_read_it() -> None:
    assert evaluation_text(PATIENT, FOUND, [CARD], "en", "2026-03-02", WORDING) == (
        "# Patient p1, female, born 1958-09-01\n\n"
        "2026-03-02\n\n"
        "- **Soft-tissue calcification**: type not determinable yet (leans towards the metabolic type)\n"
        "- **Chronic venous insufficiency**: stage 3-4 of 4 (Porter 1988), CEAP approximately C4b\n"
        "- **Causes**: hyperparathyroidism (probable)\n"
        "- **Forms**: tumoral calcinosis\n\n"
        "## Warning: High calcium `C-PHPT`\n\n"
        "Detail\n\n"
        "Suggested:\n\n"
        "- Repeat calcium\n\n"
        "Not seen completely: Orders already placed (not received).\n\n"
        "Not used, and why:\n\n"
        "- sample contaminated with EDTA: Observation/3\n"
        "- has no date: Observation/1, Observation/2\n"
        "- refuted: Condition/1\n"
    )


def test_in_french_too() -> None:
    text = evaluation_text(PATIENT, FOUND, [], "fr", "", WORDING)
    assert "femme, née le 01/09/1958" in text
    assert "- **Calcifications des tissus mous** : type indéterminé (oriente vers le type métastatique)" in text
    assert "- **Causes** : hyperparathyroïdie (probable)" in text
    assert "Aucune carte : rien à signaler." in text
    assert "Non vu, ou incomplètement : Demandes déjà faites (aucune transmission)." in text
    assert "- sans date : Observation/1, Observation/2\n" in text


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("classification", get_args(Classification))
def test_every_class_has_words(classification: Classification, language: str) -> None:
    text = evaluation_text(Patient("p"), Evaluation(classification, None, ()), [], language, "", WORDING)
    assert classification not in text


def test_an_explanation_says_why_and_what_would_change_it() -> None:
    explanation = Explanation(
        rule="MET-PHPT",
        title=Text("Primary hyperparathyroidism", "Hyperparathyroïdie primaire"),
        outcome="unknown",
        because=(Text("calcium 2.9 mmol/L", "calcémie 2,9 mmol/L"),),
        would_change=(Text("PTH", "PTH"),),
    )
    assert explanation_text([explanation], "en", WORDING) == (
        "## MET-PHPT Primary hyperparathyroidism: unknown: data missing\n\n"
        "- calcium 2.9 mmol/L\n\n"
        "It would change with:\n\n"
        "- PTH\n"
    )
    assert "## MET-PHPT Hyperparathyroïdie primaire : inconnu : données manquantes\n" in explanation_text(
        [explanation], "fr", WORDING
    )


@pytest.mark.parametrize(
    ("markdown", "plain"),
    [(r"a\_b \| c", "a_b | c"), ("&lt;b&gt; &amp;", "<b> &"), ("one<br>two", "one; two"), (r"C:\dir", r"C:\dir")],
)
def test_plain_text_has_no_escapes(markdown: str, plain: str) -> None:
    assert unescaped(markdown) == plain
