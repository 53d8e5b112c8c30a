"""What stands in rules/: cards, placeholders, work-up, wording, sources, decisions, pitfalls."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from cds import data
from cds.reasoning.conclusions import Text
from cds.reasoning.knowledge.cards import SUMMARY_LIMIT, Ask, Card, Cards, Variant
from cds.reasoning.knowledge.decisions import Decisions
from cds.reasoning.knowledge.pitfalls import Pitfalls
from cds.reasoning.knowledge.reading import Mistakes, Strict, read_chapter
from cds.reasoning.knowledge.sources import Sources
from cds.reasoning.knowledge.wording import Wording
from cds.reasoning.knowledge.workup import Workup

RULES = data.folder("rules")
CHAPTERS: dict[str, type[Strict]] = {
    "cards": Cards,
    "workup": Workup,
    "wording": Wording,
    "sources": Sources,
    "decisions": Decisions,
    "pitfalls": Pitfalls,
}
CARDS = read_chapter(Cards, "cards", [RULES])
WORKUP = read_chapter(Workup, "workup", [RULES])
SOURCES = read_chapter(Sources, "sources", [RULES])
WORDING = read_chapter(Wording, "wording", [RULES])

ORDERS = {
    "C-ORD-CA": {"a": "critical", "b": "warning", "c": "info", "d": "info", "e": "info"},
    "C-ORD-VITD": {"a": "critical", "b": "warning", "c": "warning", "d": "info", "e": "info", "f": "info"},
    "C-ORD-THZ": {"a": "critical", "b": "warning", "c": "info"},
    "C-ORD-PHOS": {"a": "warning", "b": "warning", "c": "warning"},
    "C-ORD-BIND": {"a": "warning", "b": "info"},
    "C-ORD-VKA": {"a": "critical", "b": "warning", "c": "info"},
    "C-ORD-COMP": {"a": "warning", "b": "warning", "c": "info"},
    "C-ORD-BIOPSY": {"a": "warning", "b": "warning", "c": "warning"},
    "C-ORD-IMG": {"a": "info", "b": "info"},
    "C-ORD-DUP": {"": "info"},
}
"""Section 12b.5: the variants of the cards of orders, each with its indicator."""
VENOUS = {"C-CVI-STAGE", "C-CVI-CALC", "C-CVI-ATTR", "C-CVI-ULCER", "C-CVI-IMG"}
INDICATORS = {
    "critical": {"C-CALCIPH", "C-CRIT-CA-HIGH", "C-CRIT-CA-LOW"},
    "warning": {
        "C-CALCIPH-W", "C-URG-CA", "C-URG-CA-LOW", "C-CLASS-MET", "C-CLASS-MIX", "C-CKDMBD", "C-PHPT", "C-MILK", "C-VITD",
        "C-SARC", "C-BONE", "C-HFTC", "C-HDARTH", "C-CVI-ULCER", "C-TUMOUR",
    },
    "info": {
        "C-CLASS-DYS", "C-CLASS-IND", "C-PSEUDO", "C-UNIT", "C-CVI-STAGE", "C-CVI-CALC", "C-CVI-ATTR", "C-CVI-IMG",
        "C-DDX", "C-FORM", "C-PARA", "C-CTD", "C-IATRO", "C-DATA",
    },
}  # fmt: skip


def texts(value: object, where: str = "") -> Iterator[tuple[str, Text]]:
    """Every text of a chapter, with the place where it stands."""
    if isinstance(value, Text):
        yield where, value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from texts(getattr(value, name), f"{where}.{getattr(value, 'id', '')}.{name}")
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from texts(each, f"{where}.{name}")
    elif isinstance(value, tuple):
        for number, each in enumerate(value):
            yield from texts(each, f"{where}[{number}]")


def faces() -> Iterator[tuple[Card, Variant, str]]:
    for card in CARDS.cards:
        for variant in card.variants:
            for language in ("en", "fr"):
                yield card, variant, language


# ---- every chapter


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_text_stands_in_both_languages(name: str) -> None:
    found = list(texts(read_chapter(CHAPTERS[name], name, [RULES]), name))
    assert len(found) > 20
    empty_by_design = {"units.1", "units.{ratio}"}
    for where, text in found:
        if any(where.endswith(each) for each in empty_by_design):
            continue
        assert text.en.strip() == text.en != "", where
        assert text.fr.strip() == text.fr != "", where


@pytest.mark.parametrize("name", CHAPTERS)
def test_french_is_written_with_its_signs(name: str) -> None:
    """A blank before « : ; ? ! » and inside guillemets; no accents lost in the commonest words."""
    lost = re.compile(
        r"\b(oedeme|ulcere|necrose|metabolique|insuffisance renale|calcemie|a l'|reference)\b", re.IGNORECASE
    )
    for where, text in texts(read_chapter(CHAPTERS[name], name, [RULES]), name):
        prose = re.sub(r"https?://\S+|\[[^\]]*\]", "", text.fr)
        assert not re.search(r"\w[;?!](?:\s|$)|\w:(?=\s)|«\S|\S»", prose), where
        assert not lost.search(prose), where


@pytest.mark.parametrize("name", CHAPTERS)
def test_english_is_british(name: str) -> None:
    american = re.compile(
        r"\b(edema|hemo\w+|calcium ionized|ionized|pediatric|tumor|uremic|center|hypercalcemi\w+|esoph\w+)\b",
        re.IGNORECASE,
    )
    for where, text in texts(read_chapter(CHAPTERS[name], name, [RULES]), name):
        assert not american.search(re.sub(r"«.*?»", "", text.en)), where


# ---- cards


def test_all_cards_of_the_specification_and_one_of_the_protocol() -> None:
    assert len(CARDS.cards) == 42
    of_the_record = [card for card in CARDS.cards if card.id not in ORDERS]
    for indicator, cards in INDICATORS.items():
        assert {card.id for card in of_the_record if card.indicator == indicator} == cards


def test_the_cards_of_orders_are_as_urgent_as_the_specification_says() -> None:
    found = {
        card.id: {each.id: each.indicator or card.indicator for each in card.variants}
        for card in CARDS.cards
        if card.group == "order"
    }
    assert found == ORDERS


def test_every_card_belongs_to_one_service() -> None:
    for card in CARDS.cards:
        expected = "every" if card.id == "C-DATA" else None
        expected = expected or ("calcification-order-safety" if card.id in ORDERS else None)
        expected = expected or ("chronic-venous-insufficiency" if card.id in VENOUS else "soft-tissue-calcification")
        assert card.service == expected


@pytest.mark.parametrize(("card", "variant", "language"), list(faces()))
def test_the_summary_is_short_whatever_is_filled_in(card: Card, variant: Variant, language: str) -> None:
    worst = {each.id: each.worst(language) for each in CARDS.placeholders}
    assert len(variant.summary.in_(language).format_map(worst)) <= SUMMARY_LIMIT
    assert "\n" not in variant.summary.in_(language)
    variant.conclusion.in_(language).format_map(worst)


def test_variants_of_the_specification() -> None:
    several = [card for card in CARDS.cards if len(card.variants) > 1 and card.id not in ORDERS]
    named = {card.id: tuple(each.id for each in card.variants) for card in several}
    assert named == {
        "C-CLASS-MET": ("CONFIRMED", "PROBABLE"),
        "C-CLASS-DYS": ("CONFIRMED", "PROBABLE", "UNEXPLAINED"),
        "C-CLASS-IND": ("", "RED-1"),
        "C-PSEUDO": ("IONISED-UNKNOWN", "IONISED-NORMAL"),
        "C-DATA": ("", "NOTHING-SEEN"),
    }


def test_what_a_card_asks_for_stands_in_the_workup() -> None:
    for card in CARDS.cards:
        for variant in card.variants:
            for ask in card.asks(variant.id):
                assert WORKUP.of(ask.key), (card.id, ask.key)
    for placeholder in CARDS.placeholders:
        for value in placeholder.values:
            for ask in value.requests:
                assert WORKUP.of(ask.key), value.id


@pytest.mark.parametrize(
    ("card", "variant", "keys"),
    [
        ("C-CLASS-DYS", "CONFIRMED", []),
        ("C-CLASS-DYS", "PROBABLE", ["minimum-panel"]),
        ("C-CLASS-DYS", "UNEXPLAINED", []),
        ("C-PSEUDO", "IONISED-UNKNOWN", ["calcium-ionised", "albumin", "m-protein"]),
        ("C-PSEUDO", "IONISED-NORMAL", ["m-protein"]),
        ("C-BONE", "", ["pthrp", "m-protein", "flc-kappa", "flc-lambda", "pth-intact", "referral-haematology"]),
        ("C-UNIT", "", []),
    ],
)
def test_requests_of_a_variant(card: str, variant: str, keys: list[str]) -> None:
    assert [each.key for each in CARDS[card].asks(variant)] == keys


def test_a_repeat_of_hypercalcaemia_waits_two_weeks() -> None:
    waits = {each.key: each.after_days for each in CARDS["C-PHPT"].asks()}
    assert (waits["calcium-ionised"], waits["pth-intact"], waits["creatinine"]) == (14, 14, None)


def test_priorities_of_the_specification() -> None:
    urgent = {card.id: card.priority for card in CARDS.cards if card.priority != "routine"}
    assert urgent == {
        "C-CALCIPH": "asap",
        "C-CALCIPH-W": "asap",
        "C-CRIT-CA-HIGH": "stat",
        "C-CRIT-CA-LOW": "stat",
        "C-URG-CA": "urgent",
        "C-URG-CA-LOW": "urgent",
    }


def test_sources_of_a_card_are_known() -> None:
    for card in CARDS.cards:
        assert set(card.sources) <= set(SOURCES.by_id), card.id
        assert all(fact.source == "S" and fact.quote and fact.en for fact in card.facts)


def test_looking_for_what_is_not_there() -> None:
    for wrong in (
        lambda: CARDS["C-NONE"],
        lambda: CARDS["C-DDX"].variant("X"),
        lambda: CARDS.placeholder("x"),
        lambda: CARDS.proposal("x"),
        lambda: CARDS.placeholder("form").value("x"),
        lambda: WORKUP.of("x"),
    ):
        with pytest.raises(KeyError):
            wrong()


def test_placeholders_are_filled_from_their_list() -> None:
    form = CARDS.placeholder("form")
    assert form.filled("phlebolith", "gouty-tophus", "fat-necrosis") == Text("phleboliths (+2)", "phlébolithes (+2)")
    assert form.filled("gouty-tophus") == Text("gouty tophus", "tophus goutteux")
    assert CARDS.placeholder("parasite").worst("en") == "filariasis, loiasis, dracunculiasis"
    assert CARDS.placeholder("ceap").worst("fr") == "W" * 14


def test_coded_problems_are_the_two_of_the_specification() -> None:
    codes = {each.id: each.coding.code for each in CARDS.proposals if each.coding}
    assert codes == {"venous-insufficiency-stage": "20696009", "primary-hyperparathyroidism": "36348003"}
    assert CARDS.proposal("porter-stage").kind == "stage-observation"


# ---- work-up


def test_minimum_panel() -> None:
    defaults = [item.code() for item in WORKUP.of("minimum-panel")]
    assert [each.code for each in defaults if each] == [
        "2000-8", "1751-7", "14879-1", "14682-9", "14866-8", "62292-8", "6768-6",
    ]  # fmt: skip
    ionised = WORKUP.of("minimum-panel-ionised")
    assert ionised[0].id == "calcium-ionised"
    assert not {"calcium-total", "albumin"} & {each.id for each in ionised}


@pytest.mark.parametrize(
    ("key", "shown", "code"),
    [
        ("calcium-total", "", "2000-8"),
        ("calcium-total", "mass", "17861-6"),
        ("calcium-total", "molar", "2000-8"),
        ("pth-intact", "mass", "2731-8"),
        ("albumin", "molar", "1751-7"),
        ("referral-dermatology", "", "183518005"),
    ],
)
def test_the_property_that_the_chart_shows_is_asked_for(key: str, shown: str, code: str) -> None:
    (item,) = WORKUP.of(key)
    chosen = item.code(shown)
    assert chosen is not None
    assert chosen.code == code


def test_what_has_no_verified_code_is_asked_for_in_words() -> None:
    wordy = {each.id for each in WORKUP.items if each.code() is None}
    assert wordy == {
        "potassium", "urine-phosphate-24h", "ankle-brachial-index", "toe-pressure", "mri-mass", "joint-spine-radiograph",
        "capillaroscopy", "advice-anticoagulation", "advice-myonecrosis",
    }  # fmt: skip


# ---- sources, decisions, pitfalls, wording


def test_all_references() -> None:
    assert {f"R{number}" for number in range(1, 68)} | {"S"} <= set(SOURCES.by_id)
    assert SOURCES.by_id["S"].grade == "S"
    assert SOURCES.by_id["R10"].grade == "G"
    assert SOURCES.by_id["R31"].status == "recalled"
    assert SOURCES.by_id["R42"].status == "partly"


def test_all_decisions_and_pitfalls() -> None:
    decisions = read_chapter(Decisions, "decisions", [RULES])
    pitfalls = read_chapter(Pitfalls, "pitfalls", [RULES])
    assert list(decisions.by_id) == [f"D-{number}" for number in range(1, 26)]
    assert list(pitfalls.by_id) == [f"PIT-{number}" for number in range(1, 28)]


def test_override_reasons_of_the_specification() -> None:
    assert [each.text.en for each in WORDING.override_reasons] == [
        "Already known", "Already being worked up", "Not relevant to this patient", "Data wrong", "Patient declines",
    ]  # fmt: skip


# ---- what a site may get wrong


def site(tmp_path: Path, name: str, content: object) -> list[Path]:
    (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return [RULES, tmp_path]


def card_with(**changes: object) -> dict[str, object]:
    return {"cards": [{"id": "C-DDX", "variants": [{"id": "X", **changes}]}]}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("cards", card_with(summary={"en": "x" * 140, "fr": "x"}, conclusion={"en": "x", "fr": "x"}), "140 characters"),
        (
            "cards",
            card_with(summary={"en": "{forn}", "fr": "x"}, conclusion={"en": "x", "fr": "x"}),
            "'forn' is not known",
        ),
        ("cards", card_with(summary={"en": "x", "fr": "x {"}, conclusion={"en": "x", "fr": "x"}), "a lone '{'"),
        (
            "cards",
            card_with(summary={"en": "x", "fr": "x"}, conclusion={"en": "x", "fr": "x"}, proposals=["nothing"]),
            "'nothing' is not known",
        ),
        (
            "cards",
            {
                "cards": [
                    {
                        "id": "C-UNIT",
                        "variants": [{key: {"en": "x", "fr": "x"} for key in ("summary", "conclusion")}] * 2,
                    }
                ]
            },
            "the same id",
        ),
        ("workup", {"groups": [{"id": "minimum-panel", "items": ["calcum"]}]}, "'calcum' is not an item"),
        (
            "workup",
            {"groups": [{"id": "albumin", "text": {"en": "x", "fr": "x"}, "items": ["albumin"]}]},
            "of an item and of a group",
        ),
        ("wording", {"labels": {"draft": {"en": "{waht}"}}}, "a placeholder other than what, days"),
        ("wording", {"labels": {"draft": {"en": "{"}}}, "a placeholder other than what, days"),
        ("wording", {"dates": {"day": {"fr": "{tag}"}}}, "a placeholder other than year"),
        ("wording", {"dates": {"names": {"fr": ["janv."]}}}, "twelve names"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, name: str, content: object, message: str) -> None:
    with pytest.raises(Mistakes) as mistakes:
        read_chapter(CHAPTERS[name], name, site(tmp_path, name, content))
    assert message in str(mistakes.value)


def test_a_site_can_change_a_text_and_switch_a_card_off(tmp_path: Path) -> None:
    changed = {"cards": [{"id": "C-UNIT", "topic": {"en": "Check the unit"}}, {"id": "C-CTD", "off": True}]}
    cards = read_chapter(Cards, "cards", site(tmp_path, "cards", changed))
    assert cards["C-UNIT"].topic == Text("Check the unit", "Résultat non utilisé")
    assert "C-CTD" not in cards.by_id


def test_asks_can_be_written_shortly() -> None:
    assert CARDS["C-MILK"].asks()[0] == Ask(key="bicarbonate")
