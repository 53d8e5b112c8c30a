"""Order, limit, withholding, unseen data, identity: what happens to the cards of an answer."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import msgspec
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from cds import data
from cds.cards.compose import Composed, compose
from cds.cards.context import OFTEN, SETTLED, Before, Options
from cds.cards.deck import LANGUAGES, Deck
from cds.reasoning.chart import Access, Ref
from cds.reasoning.conclusions import Conclusion, Evaluation, Evidence, Form, Gap, Stage, Text, Value
from cds.reasoning.knowledge.cards import Cards
from cds.reasoning.knowledge.reading import read_chapter
from cds.reasoning.knowledge.sources import Sources
from cds.reasoning.knowledge.wording import Wording
from tests.unit.cards.cases import (
    ALARM,
    CALCIFICATION,
    CALCIPHYLAXIS,
    CALCIUM,
    CLASS_CARD,
    KINDS,
    METASTATIC,
    NOTHING,
    RADIOGRAPH,
    RED_FLAG,
    SEEN,
    STAGE_CARD,
    VENOUS,
    VENOUS_CASE,
    answer,
    context,
    deck,
    laboratory,
    moment,
    same,
)

RESULT = "calcification-cds.evaluation"
READER = MarkdownIt("commonmark", {"html": True}).enable("table")


def ids(composed: Composed) -> list[str]:
    return [card.source.topic.code for card in composed.cards if card.source.topic]


def evaluation(*cards: str, **changes: object) -> Evaluation:
    conclusions = tuple(Conclusion(each, "X", deck_variant(each)) for each in cards)
    base = Evaluation("INDETERMINATE", "none", conclusions, access=SEEN)
    return base._replace(**changes)  # type: ignore[arg-type]


def deck_variant(card: str) -> str:
    return {"C-CLASS-MET": "CONFIRMED", "C-CLASS-DYS": "PROBABLE", "C-PSEUDO": "IONISED-NORMAL"}.get(card, "")


# ---- whose card


def test_every_service_shows_its_own_cards_only() -> None:
    both = evaluation("C-CLASS-IND", "C-CVI-STAGE", "C-DDX")
    assert ids(answer(both)) == ["C-CLASS-IND", "C-DDX"]
    assert ids(answer(both, VENOUS)) == ["C-CVI-STAGE"]


def test_nothing_to_say_and_everything_seen_gives_no_card() -> None:
    nothing = evaluation(access=SEEN | {"orders": Access.NONE, "reports": Access.NONE})
    assert answer(nothing).cards == []
    assert answer(nothing, VENOUS).cards == []


def test_a_card_that_the_site_switched_off_is_not_shown() -> None:
    assert ids(answer(evaluation("C-NO-SUCH-CARD", "C-DDX"))) == ["C-DDX"]


def test_a_variant_that_the_rules_do_not_have_is_a_defect() -> None:
    with pytest.raises(KeyError):
        answer(evaluation()._replace(conclusions=(Conclusion("C-CLASS-MET", "CLS-1", "NONSENSE"),)))


# ---- order and limit (section 12, "Ordering")

IN_ORDER = [
    "C-CALCIPH", "C-CRIT-CA-HIGH", "C-CRIT-CA-LOW",
    "C-CALCIPH-W", "C-URG-CA", "C-URG-CA-LOW", "C-CKDMBD", "C-PHPT", "C-MILK", "C-VITD", "C-SARC", "C-BONE", "C-HFTC",
    "C-HDARTH", "C-CLASS-MET", "C-CLASS-MIX", "C-TUMOUR",
    "C-IATRO", "C-CTD", "C-CLASS-DYS", "C-CLASS-IND", "C-PARA", "C-FORM", "C-DDX", "C-PSEUDO", "C-UNIT",
]  # fmt: skip
WIDE = Options(display_limit=50)


@pytest.fixture(autouse=True, scope="module")
def _decks_are_ready() -> None:
    """Preparing a deck takes longer than hypothesis lets an example take."""
    deck(), deck(WIDE)


@given(st.permutations(IN_ORDER))
def test_urgency_then_kind_decide_the_order_whatever_comes_first(shuffled: list[str]) -> None:
    assert ids(answer(evaluation(*shuffled), options=WIDE)) == IN_ORDER


def test_venous_cards_in_their_order() -> None:
    cards = ("C-CVI-IMG", "C-CVI-ATTR", "C-CVI-CALC", "C-CVI-STAGE", "C-CVI-ULCER")
    assert ids(answer(evaluation(*cards), VENOUS)) == [
        "C-CVI-ULCER", "C-CVI-STAGE", "C-CVI-CALC", "C-CVI-ATTR", "C-CVI-IMG",
    ]  # fmt: skip


def test_five_cards_are_shown_and_the_class_card_lists_the_others() -> None:
    many = answer(evaluation("C-CLASS-MET", "C-PHPT", "C-VITD", "C-URG-CA", "C-FORM", "C-DDX", "C-PSEUDO"))
    assert ids(many) == ["C-URG-CA", "C-PHPT", "C-VITD", "C-CLASS-MET", "C-FORM"]
    assert many.suppressed == ["C-DDX", "C-PSEUDO"]
    assert many.extension[RESULT]["suppressedCards"] == ["C-DDX", "C-PSEUDO"]
    listed = [card.source.topic.code for card in many.cards if card.source.topic and "Not shown here" in card.detail]
    assert listed == ["C-CLASS-MET"]
    detail = many.cards[3].detail
    assert "- Differential diagnosis of subcutaneous calcification\n- Pseudo-hypercalcaemia" in detail
    assert detail.index("Not shown here") < detail.index("**Rule**")


def test_without_a_class_card_the_last_one_lists_the_others() -> None:
    many = answer(evaluation("C-CLASS-DYS", "C-CKDMBD", "C-PHPT", "C-MILK", "C-VITD", "C-SARC"), language="fr")
    assert many.suppressed == ["C-CLASS-DYS"]
    assert ["Non affiché ici" in card.detail for card in many.cards] == [False, False, False, False, True]
    assert "- Calcification dystrophique" in many.cards[-1].detail


def test_critical_cards_are_never_dropped() -> None:
    tight = answer(
        evaluation("C-CALCIPH", "C-CRIT-CA-HIGH", "C-CRIT-CA-LOW", "C-CLASS-IND"), options=Options(display_limit=2)
    )
    assert ids(tight) == ["C-CALCIPH", "C-CRIT-CA-HIGH", "C-CRIT-CA-LOW"]
    assert tight.suppressed == ["C-CLASS-IND"]
    none = answer(evaluation("C-DDX"), options=Options(display_limit=0))
    assert (none.cards, none.suppressed) == ([], ["C-DDX"])


# ---- shown before (PIT-19)


def hashes(composed: Composed) -> dict[str, str]:
    """Evidence hash by card."""
    return {
        card.source.topic.code: card.extension["calcification-cds.card"]["evidenceHash"]
        for card in composed.cards
        if card.source.topic
    }


def test_what_was_dismissed_is_not_shown_again_unless_critical() -> None:
    first = hashes(answer(METASTATIC))
    dismissed = {each: Before("critical" if "CRIT" in card else "info", SETTLED) for card, each in first.items()}
    dismissed[first["C-CLASS-MET"]] = Before("warning", OFTEN)
    again = answer(METASTATIC, dismissed=dismissed)
    assert ids(again) == ["C-CRIT-CA-HIGH"]
    assert again.suppressed == ["C-CLASS-MET", "C-FORM"]
    assert [
        (each["card"], each["rule"], each["reason"]) for each in again.extension["calcification-cds.suppressed"]
    ] == [
        ("C-CLASS-MET", "CLS-1", "often"),
        ("C-FORM", "FRM-4", "settled"),
    ]
    changed = METASTATIC._replace(conclusions=(CLASS_CARD._replace(evidence=(CALCIUM,)),))
    assert ids(answer(changed, dismissed=dismissed)) == ["C-CLASS-MET"]


def test_what_became_more_severe_is_shown_again() -> None:
    card = hashes(answer(METASTATIC))["C-CLASS-MET"]
    assert "C-CLASS-MET" in ids(answer(METASTATIC, dismissed={card: Before("info", SETTLED)}))
    assert "C-CLASS-MET" not in ids(answer(METASTATIC, dismissed={card: Before("warning", SETTLED)}))
    assert "C-CLASS-MET" not in ids(answer(METASTATIC, dismissed={card: Before("critical", SETTLED)}))


def test_silence_is_said_even_where_the_result_is_not() -> None:
    card = hashes(answer(METASTATIC))["C-FORM"]
    quiet = Options(evaluation_extension=False)
    silent = answer(METASTATIC, dismissed={card: Before("info", SETTLED)}, options=quiet)
    assert [each["card"] for each in silent.extension["calcification-cds.suppressed"]] == ["C-FORM"]
    assert "calcification-cds.suppressed" not in answer(METASTATIC, options=quiet).extension


# ---- withheld by RED-1 (never in silence)


def test_the_red_flag_says_which_venous_cards_it_holds_back() -> None:
    red = answer(CALCIPHYLAXIS).cards[0]
    assert "Held back until this is settled" in red.detail
    assert "Porter stage of chronic venous insufficiency; Venous ulcer not healing over calcification." in red.detail
    assert "Held back" not in answer(CALCIPHYLAXIS._replace(withheld={})).cards[0].detail
    assert "Held back" not in answer(CALCIPHYLAXIS).cards[1].detail


def test_a_venous_service_among_others_says_it_in_the_extension() -> None:
    venous = answer(CALCIPHYLAXIS, VENOUS, options=Options(evaluation_extension=False))
    assert venous.cards == []
    assert venous.extension == {
        "calcification-cds.withheld": [
            {"card": "C-CVI-STAGE", "rule": "RED-1"},
            {"card": "C-CVI-ULCER", "rule": "RED-1"},
        ]
    }
    assert "calcification-cds.withheld" not in answer(CALCIPHYLAXIS).extension


def test_a_lone_venous_service_returns_the_red_flag_itself() -> None:
    assert ids(answer(CALCIPHYLAXIS, VENOUS, only_service=True)) == ["C-CALCIPH"]
    warned = CALCIPHYLAXIS._replace(conclusions=(RED_FLAG._replace(card="C-CALCIPH-W"), STAGE_CARD))
    assert ids(answer(warned, VENOUS, only_service=True)) == ["C-CALCIPH-W", "C-CVI-STAGE"]
    assert ids(answer(CALCIPHYLAXIS._replace(withheld={}), VENOUS, only_service=True)) == []
    assert ids(answer(METASTATIC, VENOUS, only_service=True)) == []


# ---- data that were not seen (R5, R7)


@pytest.mark.parametrize("state", [Access.FAILED, Access.PARTIAL, Access.ABSENT])
@pytest.mark.parametrize("kind", KINDS)
def test_unseen_data_have_a_card_of_their_own(kind: str, state: Access) -> None:
    seen = answer(evaluation("C-DDX", access=SEEN | {kind: state}), VENOUS)
    silent = kind == "orders" and state is Access.ABSENT
    assert ids(seen) == ([] if silent else ["C-DATA"])
    if not silent:
        assert len(re.findall("^- ", seen.cards[0].detail, re.MULTILINE)) == 2, "what was not seen, what would change"


def test_a_kind_that_nobody_mentions_was_not_seen() -> None:
    assert ids(answer(evaluation(access={}))) == ["C-DATA"]


def test_a_kind_that_has_no_words_is_still_named() -> None:
    assert "- genome" in answer(evaluation(access=SEEN | {"genome": Access.FAILED})).cards[0].detail


def test_a_site_can_switch_that_card_off(tmp_path: Path) -> None:
    (tmp_path / "cards.yaml").write_text('cards: [{id: C-DATA, "off": true}]', encoding="utf-8")
    cards = read_chapter(Cards, "cards", [data.folder("rules"), tmp_path])
    wording = read_chapter(Wording, "wording", [data.folder("rules")])
    sources = read_chapter(Sources, "sources", [data.folder("rules")])
    without = Deck(cards, wording, sources, Options(), "test-1", deck().templates)
    composed = compose(NOTHING, VENOUS, "en", context(), without)
    assert composed.cards == []
    assert composed.extension[RESULT]["prefetch"]["laboratory"] == "absent", "still said to machines"


def test_nothing_seen_leaves_that_card_alone() -> None:
    nothing = answer(NOTHING._replace(conclusions=(CLASS_CARD,)))
    assert ids(nothing) == ["C-DATA"]
    assert nothing.cards[0].extension["calcification-cds.card"]["variant"] == "NOTHING-SEEN"


def test_the_card_about_unseen_data_keeps_its_place_among_five() -> None:
    full = evaluation(
        "C-CKDMBD", "C-PHPT", "C-MILK", "C-VITD", "C-SARC", "C-BONE", access={"laboratory": Access.FAILED}
    )
    shown = answer(full)
    assert ids(shown) == ["C-CKDMBD", "C-PHPT", "C-MILK", "C-VITD", "C-DATA"]
    assert shown.suppressed == ["C-SARC", "C-BONE"]


def test_unseen_orders_are_said_where_something_is_proposed() -> None:
    words = "Orders already placed were not seen."
    unseen = VENOUS_CASE._replace(access=SEEN | {"orders": Access.ABSENT})
    ulcer, stage = answer(unseen, VENOUS).cards
    assert words in ulcer.detail
    assert words not in stage.detail, "a problem-list entry is no order"
    assert words not in answer(VENOUS_CASE._replace(access=SEEN), VENOUS).cards[0].detail


# ---- summary and detail


def test_a_placeholder_that_nobody_filled_is_a_question_mark() -> None:
    card = answer(evaluation("C-CVI-STAGE"), VENOUS).cards[0]
    assert card.summary == "Chronic venous insufficiency: stage ? of 4 (Porter 1988); CEAP approx. ?."
    assert "stage ? of 4" in card.detail


def test_a_summary_is_never_too_long() -> None:
    endless = Conclusion("C-FORM", "FRM-1", values={"form": same("very long\nform " * 40)})
    card = answer(evaluation()._replace(conclusions=(endless,))).cards[0]
    assert len(card.summary) == 139
    assert card.summary.endswith("…")
    assert "\n" not in card.summary


@pytest.mark.parametrize(("n", "original"), [("1", "0"), ("4", "3"), ("2-3", "1-2")])
def test_the_original_class_is_one_less(n: str, original: str) -> None:
    staged = Conclusion("C-CVI-STAGE", "CVI-5", values={"n": same(n), "ceap": same("C1")})
    card = answer(evaluation()._replace(conclusions=(staged,)), VENOUS).cards[0]
    assert f"(original Porter class {original})" in card.detail


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_parts_of_a_detail_stand_in_their_order(language: str) -> None:
    detail = answer(METASTATIC, language=language).cards[1].detail  # type: ignore[arg-type]
    words = {
        "en": (
            "(probable)",
            "Data used",
            "What would change this",
            "**Rule** CLS-1",
            "Decision support, to be checked",
        ),
        "fr": ("(probable)", "Données utilisées", "Ce qui changerait", "**Règle** CLS-1", "Aide à la décision"),
    }[language]
    places = [detail.index(each) for each in words]
    assert places == sorted(places)
    assert detail.startswith("**Conclusion (probable).**")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_gap_has_words(language: str) -> None:
    kinds = ("missing", "stale", "recent", "unreliable", "single", "unverified", "not-seen", "ambiguous")
    gaps = tuple(Gap(kind, same("PTH")) for kind in kinds)  # type: ignore[arg-type]
    detail = (
        answer(evaluation()._replace(conclusions=(Conclusion("C-DDX", "DDX-1", gaps=gaps),)), language=language)
        .cards[0]
        .detail
    )  # type: ignore[arg-type]
    lines = [line for line in detail.splitlines() if line.startswith("- PTH")]
    assert len(set(lines)) == len(kinds)


def test_a_question_needs_no_word_about_what_is_missing() -> None:
    asked = Conclusion("C-DDX", "DDX-1", gaps=(Gap("ambiguous", same("Is the ulcer open?")),))
    assert "- Is the ulcer open?\n" in answer(evaluation()._replace(conclusions=(asked,))).cards[0].detail


def test_what_a_note_says_is_not_said_again() -> None:
    said = Text("Benign.", "Bénin.")
    form = Form("angiolipoma-with-phleboliths", same(""), "text")
    named = Conclusion("C-FORM", "FRM-7", values={"form": same("x")}, notes=(said,))
    assert answer(evaluation(forms=(form,))._replace(conclusions=(named,))).cards[0].detail.count("- Benign.") == 1


def test_a_form_adds_its_facts_once() -> None:
    two = (Form("calcific-myonecrosis", same(""), "text"), Form("phlebolith", same(""), "coded"))
    named = Conclusion(
        "C-FORM", "FRM-6", values={"form": Text("calcific myonecrosis (+1)", "myonécrose calcifiante (+1)")}
    )
    detail = answer(evaluation(forms=two)._replace(conclusions=(named,)), language="fr").cards[0].detail
    assert detail.count("« Survient le plus souvent dans les suites d'une nécrose ischémique musculaire") == 1
    assert "« Phlébolithes »" in detail
    assert "Pas de biopsie réflexe" in detail
    alone = answer(
        evaluation()._replace(conclusions=(named._replace(values={"form": Text("fat necrosis", "cytostéatonécrose")}),))
    )
    assert "In a newborn, monitor calcium." in alone.cards[0].detail


def test_the_same_datum_is_one_row_and_many_rows_are_counted() -> None:
    many = [CALCIUM._replace(source=Ref("Observation", str(n))) for n in range(40)]
    card = Conclusion("C-DDX", "DDX-1", evidence=(CALCIUM, CALCIUM, *many))
    detail = answer(evaluation()._replace(conclusions=(card,))).cards[0].detail
    rows = [line for line in detail.splitlines() if line.startswith("| Calcium")]
    assert len(rows) == 25
    assert "| … (+16) |  |  |  |  |" in detail


def test_a_remark_makes_no_second_row_of_a_datum() -> None:
    """A number keeps the remark that says how to read it; words that were also read without a doubt lose theirs."""
    unmeasured = CALCIUM._replace(remark=Text("albumin not measured", "albumine non dosée"))
    mass = Evidence(Text("Diagnosis", "Diagnostic"), Ref("Condition", "1"), "Mass")
    in_words = mass._replace(remark=Text("text only", "texte seul"))
    card = Conclusion("C-DDX", "DDX-1", evidence=(CALCIUM._replace(remark=None), unmeasured, in_words, mass))
    detail = answer(evaluation()._replace(conclusions=(card,))).cards[0].detail
    rows = [line.split(" |")[0] for line in detail.splitlines() if line.startswith(("| Calcium", "| Diagnosis"))]
    assert rows[0].endswith("(albumin not measured)")
    assert rows[1:] == ["| Diagnosis"]


def test_a_source_that_nobody_knows_is_shown_by_its_tag() -> None:
    card = Conclusion("C-DDX", "DDX-1", sources=("R999",))
    assert (
        "R36 (Malfait 2017, from memory, to be verified), R999"
        in answer(evaluation()._replace(conclusions=(card,))).cards[0].detail
    )


# ---- protocol


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("indicator", "offered"), [("C-CRIT-CA-HIGH", 5), ("C-CLASS-MET", 5), ("C-FORM", 0)])
def test_override_reasons_stand_on_warnings_and_alarms(indicator: str, offered: int, language: str) -> None:
    cards = {card.source.topic.code: card for card in answer(METASTATIC, language=language).cards if card.source.topic}  # type: ignore[arg-type]
    reasons = cards[indicator].overrideReasons
    assert len(reasons) == offered
    assert all(each.code and each.display and each.system for each in reasons)


def test_selection_behaviour_stands_with_suggestions_only() -> None:
    for card in itertools.chain(answer(METASTATIC).cards, answer(VENOUS_CASE, VENOUS).cards):
        assert (card.selectionBehavior == "any") is bool(card.suggestions)
        assert all(each.actions and each.label and not each.isRecommended for each in card.suggestions)


def test_source_and_topic() -> None:
    options = Options("https://site.example/fhir", "Our service", "https://site.example/about")
    source = answer(METASTATIC, options=options).cards[0].source
    assert (source.label, source.url) == ("Our service", "https://site.example/about")
    assert source.topic is not None
    assert (source.topic.system, source.topic.code) == ("https://site.example/fhir/CodeSystem/cards", "C-CRIT-CA-HIGH")


def test_a_card_names_its_rules_and_its_evidence() -> None:
    said = answer(METASTATIC).cards[1].extension["calcification-cds.card"]
    assert said["rules"] == ["CLS-1"]
    assert said["variant"] == "PROBABLE"
    assert said["certainty"] == "probable"
    assert said["decisions"] == ["D-11"]
    assert said["knowledgeVersion"] == "test-1"
    assert said["evidence"] == [
        {"reference": "Observation/ca-1", "version": "3"},
        {"reference": "Observation/gfr-1"},
        {"reference": "DiagnosticReport/rx-1"},
    ]


def test_uuids_are_fresh_and_nothing_else_changes() -> None:
    first, second = (orjson.loads(msgspec.json.encode(answer(METASTATIC).cards)) for _ in range(2))
    assert first == second
    uuids = re.findall(r'"uuid":"([^"]+)"', msgspec.json.encode(answer(METASTATIC).cards).decode())
    assert len(uuids) == len(set(uuids)) == 7


def test_the_result_for_machines() -> None:
    result = answer(METASTATIC, prefetch={"labs": "present"}).extension[RESULT]
    assert result == {
        "classification": "METASTATIC_PROBABLE",
        "lean": None,
        "porter": None,
        "ceap": None,
        "forms": ["pseudoxanthoma-elasticum", "phlebolith"],
        "causes": [{"id": "MET-PHPT", "level": "probable"}],
        "knowledgeVersion": "test-1",
        "prefetch": {"labs": "present"},
        "notUsed": [{"reference": "Observation/9", "reason": "unit-missing"}],
        "suppressedCards": [],
    }
    assert answer(VENOUS_CASE, VENOUS).extension[RESULT]["porter"] == {"min": 3, "max": 4}
    assert answer(VENOUS_CASE._replace(stage=Stage(1, 1, ""))).extension[RESULT]["ceap"] is None
    assert answer(METASTATIC).extension[RESULT]["prefetch"] == dict.fromkeys(KINDS, "present")
    orjson.dumps(answer(METASTATIC).extension)


def test_the_result_can_be_turned_off() -> None:
    assert answer(METASTATIC, options=Options(evaluation_extension=False)).extension == {}


def test_a_client_of_another_version_gets_words_instead_of_resources() -> None:
    asked = Conclusion("C-CVI-ULCER", "CVI-3", requests=(RADIOGRAPH, laboratory("pth", "1", after=14)))
    card = answer(evaluation()._replace(conclusions=(asked, STAGE_CARD)), VENOUS, fhir_version="1.0.2").cards[0]
    assert (card.suggestions, card.selectionBehavior) == ((), "")
    assert (
        "**To ask for**\n\n- Request: Radiograph of the leg - jambe gauche\n- Request: pth (en) (in 14 days or later)"
        "\n\nIn words only: this service writes no resources in the FHIR version of this record."
    ) in card.detail


def test_only_what_would_have_been_a_resource_is_said_to_be_withheld() -> None:
    for version, said in (("1.0.2", True), ("3.0.2", False), ("4.0.1", False), ("5.0.0", False)):
        card = answer(evaluation()._replace(conclusions=(STAGE_CARD,)), VENOUS, fhir_version=version).cards[0]
        assert ("In words only" in card.detail) is said
    silent = Conclusion("C-CVI-ULCER", "CVI-3")
    card = answer(evaluation()._replace(conclusions=(silent,)), VENOUS, fhir_version="1.0.2").cards[0]
    assert "In words only" not in card.detail


# ---- hostile words (C2): nothing that stands in a record becomes markup

words = st.text(max_size=40) | st.sampled_from(
    [
        "a|b|c",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "![x](http://y)",
        "`",
        "\n\n# h\n",
        "| --- |",
        "\\",
        "*",
    ]
)


@given(words, words, words, words)
def test_nothing_of_a_record_becomes_markup(value: str, reference: str, note: str, unit: str) -> None:
    evidence = (
        Evidence(same(note), Ref("Observation", reference), value, moment("2026-03")),
        Evidence(same("x"), Ref("Observation", "1"), Value(1.0, unit), moment("2026-03"), same(note)),
    )
    conclusion = Conclusion(
        "C-FORM",
        "FRM-1",
        values={"form": same(value)},
        evidence=evidence,
        gaps=(Gap("missing", same(note)),),
        notes=(same(note),),
    )
    card = answer(evaluation()._replace(conclusions=(conclusion,))).cards[0]
    tokens = READER.parse(card.detail)
    found = {each.type for each in tokens} | {child.type for each in tokens for child in each.children or ()}
    assert found <= {
        "paragraph_open", "paragraph_close", "inline", "text", "text_special", "strong_open", "strong_close", "em_open",
        "em_close", "bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close", "table_open",
        "table_close", "thead_open", "thead_close", "tbody_open", "tbody_close", "tr_open", "tr_close", "th_open",
        "th_close", "td_open", "td_close",
    }  # fmt: skip
    kinds = [each.type for each in tokens]
    assert kinds.count("tr_open") == 3
    assert kinds.count("td_open") == 10
    assert len(card.summary) < 140
    msgspec.json.encode(card)


def test_alarm_needs_no_certainty_word() -> None:
    assert answer(evaluation()._replace(conclusions=(ALARM,))).cards[0].detail.startswith("**Conclusion.** ")


def test_services_of_the_cases_are_those_of_the_rules() -> None:
    assert {CALCIFICATION, VENOUS} == {deck().service(card) for card in [*IN_ORDER, "C-CVI-STAGE"]}
