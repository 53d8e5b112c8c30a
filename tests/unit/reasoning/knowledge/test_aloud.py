"""Every entry of rules/ is read aloud in both languages, and says nothing that a clinician has to translate."""

from __future__ import annotations

import re
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic import BaseModel

from cds.data import folder
from cds.reasoning.conclusions import Text
from cds.reasoning.knowledge import CHAPTERS, Knowledge
from cds.reasoning.knowledge.aloud import NAMED_BY, TITLES, Part, parts, read_aloud
from cds.reasoning.knowledge.criteria import Criterion, parse
from cds.reasoning.knowledge.members import MEMBERS
from cds.reasoning.knowledge.vocabulary import ANSWERS, VOCABULARY

RULES = [folder("rules")]
KNOWLEDGE = Knowledge.load(RULES)
PARTS = [part for chapter in CHAPTERS for part in parts(chapter, RULES)]
LANGUAGES = ("en", "fr")
AS_WRITTEN = frozenset({"written", "plain", "range", "criterion"})


def the(chapter: str, id_: str) -> Part:
    return next(part for part in PARTS if (part.chapter, part.id) == (chapter, id_))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_entry_says_more_than_its_id(language: str) -> None:
    for part in PARTS:
        head, *rest = read_aloud(part, KNOWLEDGE.names, language).splitlines()
        assert head.startswith(part.id)
        assert rest or head != part.id, part


def _keys(data: Any) -> Iterator[str]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield str(key)
            yield from _keys(value)
    elif isinstance(data, list):
        for each in data:
            yield from _keys(each)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_key_and_no_id_of_the_yaml_is_left_in_the_words(language: str) -> None:
    value_sets = {
        code
        for part in PARTS
        for member in ("codes", "not-codes")
        for code in part.data.get(member, ())
        if part.chapter == "orders"
    }
    raw = {word for part in PARTS for word in (*_keys(part.data), part.id)} | {*VOCABULARY, *ANSWERS}
    raw = {word for word in raw if re.fullmatch("[a-z0-9]+([-_][a-z0-9]+)+", word)} - value_sets
    sayable = {word for text in _texts() for word in re.findall(r"[\w-]+", text.in_(language))}
    for part in PARTS:
        _, *lines = re.sub("«[^»]*»", "«»", read_aloud(part, KNOWLEDGE.names, language)).splitlines()
        left = {word for line in lines for word in re.findall(r"[\w-]+", line)} & (raw - sayable)
        assert not left, (part.chapter, part.id, left)


def _texts() -> Iterator[Text]:
    """Texts of the rules, which may say "follow-up" although an id is spelled so."""

    def within(data: Any) -> Iterator[Text]:
        if isinstance(data, dict):
            if isinstance(data.get("en"), str):
                yield Text(data["en"], str(data.get("fr", "")))
            for value in data.values():
                yield from within(value)
        elif isinstance(data, list):
            for each in data:
                yield from within(each)

    for part in PARTS:
        yield from within(part.data)


def _schemas(kind: Any) -> Iterator[type[BaseModel]]:
    if isinstance(kind, type) and not isinstance(kind, types.GenericAlias) and issubclass(kind, BaseModel):
        yield kind
    for each in get_args(kind):
        yield from _schemas(each)


def _literals(kind: Any) -> Iterator[str]:
    if get_origin(kind) is Literal:
        yield from (each for each in get_args(kind) if isinstance(each, str))
    for each in get_args(kind):
        yield from _literals(each)


def _named(schema: type[BaseModel]) -> bool:
    """Whether its items have a name that is a word: an entry, as `parts` sees it."""
    kinds = [schema.model_fields[field].annotation for field in NAMED_BY if field in schema.model_fields]
    return any(kind is str or get_origin(kind) is Literal for kind in kinds)


def _entries(schema: type[BaseModel], name: str) -> Iterator[tuple[type[BaseModel], str]]:
    """The schemas below `schema` that are entries, with the member that holds them."""
    if _named(schema):
        yield schema, name
        return
    for field, info in schema.model_fields.items():
        for each in _schemas(info.annotation):
            yield from _entries(each, info.alias or field)


def _members(schema: type[BaseModel], parent: str) -> Iterator[tuple[str, str, Any]]:
    for field, info in schema.model_fields.items():
        name = info.alias or field
        yield parent, name, info.annotation
        for each in _schemas(info.annotation):
            if each is not Criterion:
                yield from _members(each, name)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_member_that_a_site_may_write_has_words(chapter: str) -> None:
    """Also those that no rule of the package uses."""
    for entry, parent in _entries(CHAPTERS[chapter], ""):
        for above, name, kind in _members(entry, parent):
            keys = (f"{above}.{name}", f"{chapter}:{name}", name)
            member = next((MEMBERS[key] for key in keys if key in MEMBERS), None)
            if member is None:
                assert name in (*NAMED_BY, *TITLES, "criterion"), (chapter, above, name)
                continue
            if member.of in ("written", "plain"):
                continue
            for literal in _literals(kind):
                of = f"{member.of} {member.keys} answer literal".replace("plain", "").replace("written", "")
                assert KNOWLEDGE.names.called(literal, of), (chapter, name, literal)


def test_what_names_are_names_of_is_known() -> None:
    kinds = {kind for member in MEMBERS.values() for kind in f"{member.of} {member.keys}".split()}
    assert kinds <= KNOWLEDGE.names.kinds.keys() | AS_WRITTEN
    assert {kind for word in VOCABULARY.values() for kind in word.of.split()} <= KNOWLEDGE.names.kinds.keys()


def test_every_answer_of_the_vocabulary_has_words() -> None:
    """A question refuses a wrong answer and lists the right ones: each of these can be said."""
    for name, word in VOCABULARY.items():
        for wrong in (["?"], {"id": "x", "is": "?"}):
            try:
                word.read(wrong)
            except ValueError as refused:
                if found := re.search("is not one of (.*)", str(refused)):
                    for answer in found[1].split(", "):
                        assert KNOWLEDGE.names.called(answer, f"{word.of} answer"), (name, answer)


def test_a_criterion_is_read_line_by_line() -> None:
    lines = read_aloud(the("metabolic", "MET-PHPT"), KNOWLEDGE.names, "en").splitlines()
    start = lines.index("- confirmed when: one of these:")
    assert lines[start + 1 : start + 5] == [
        "  - all of these:",
        "    - hypercalcaemia is verified",
        "    - high calcium on two dates at least 14 days apart",
        "    - PTH beside the high calcium is not suppressed",
    ]


@pytest.mark.parametrize(
    ("written", "en", "fr"),
    [
        (
            {"lab": {"id": "vitamin-d-25oh", "above": 250, "days": 180}},
            "25-hydroxyvitamin D, total above 250 nmol/L (at most 180 days old)",
            "25-OH vitamine D totale au-dessus de 250 nmol/L (datant de 180 jours au plus)",
        ),
        (
            {"lab-status": {"id": "urine-calcium-24h", "is": "high"}},
            "Calcium, 24 h urine is high",
            "Calciurie des 24 h : valeur élevée",
        ),
        (
            {"pth-multiple": {"outside": [2, 9]}},
            "PTH outside 2 to 9 times its upper limit",
            "PTH hors de 2 à 9 fois sa limite supérieure",
        ),
        (
            {"calcium-under": {"total": 1.9, "ionised": 0.9}},
            "calcium under its limit: total 1.9 mmol/L ionised 0.9 mmol/L",
            "calcémie sous sa limite : totale 1,9 mmol/L ionisée 0,9 mmol/L",
        ),
        (
            {"calcium-creatinine-clearance": {"below": 0.01}},
            "calcium/creatinine clearance ratio below 0.01",
            "rapport de clairance calcium/créatinine au-dessous de 0,01",
        ),
        ({"draft": "phosphate"}, "the order is: phosphate salts", "la prescription est : sels de phosphate"),
        ({"anomaly": "phosphate"}, "an anomaly: phosphate", "une anomalie : phosphatémie"),
        ({"phosphate-haemolysed": True}, "phosphate of a haemolysed sample: yes", "phosphatémie sur prélèvement hémolysé : oui"),
        ({"not": {"all": [{"age": {"below": 30}}]}}, "not: (age below 30 years)", "non : (âge au-dessous de 30 ans)"),
    ],
)  # fmt: skip
def test_a_question_is_said_with_its_unit_and_in_the_numbers_of_the_language(
    written: dict[str, Any], en: str, fr: str
) -> None:
    criterion = parse(written)
    assert (criterion.words("en", KNOWLEDGE.names), criterion.words("fr", KNOWLEDGE.names)) == (en, fr)


def test_a_criterion_that_denies_several_things_says_so_above_them() -> None:
    denied = parse({"not": {"any": [{"age": {"below": 30}}, {"calcium": "high"}]}})
    assert list(denied.outline("en", KNOWLEDGE.names)) == [
        (0, "not:"),
        (1, "one of these:"),
        (2, "age below 30 years"),
        (2, "calcium is high"),
    ]


def test_thresholds_are_said_as_they_are_in_force(tmp_path: Path) -> None:
    (tmp_path / "minerals.yaml").write_text("alarm: {fresh-hours: 48}\n", encoding="utf-8")
    (tmp_path / "suppression.yaml").write_text("reasons: [{id: data-wrong, days: 1}]\n", encoding="utf-8")
    folders = [*RULES, tmp_path]
    alarm = next(part for part in parts("minerals", folders) if part.id == "CAL-4")
    assert "- critical while at most 48 hours old\n" in read_aloud(alarm, KNOWLEDGE.names, "en")
    silence = next(parts("suppression", folders))
    assert "    - 1 jour\n" in read_aloud(silence, KNOWLEDGE.names, "fr")


def test_what_is_denied_is_said() -> None:
    part = Part("dystrophic", (), "x", {"concept": "x", "scar": False})
    assert read_aloud(part, KNOWLEDGE.names, "en") == "x\n- a past event counts in full: no"


def test_what_is_left_empty_is_not_said() -> None:
    data = {"id": "x", "card": None, "words": {"say": []}, "variants": [{"id": ""}], "names": []}
    assert read_aloud(Part("orders", (), "x", data), KNOWLEDGE.names, "fr").splitlines() == ["x"]


def test_a_member_or_a_name_without_words_is_an_error() -> None:
    names = KNOWLEDGE.names
    with pytest.raises(LookupError, match="the member 'wen' of forms has no words"):
        read_aloud(Part("forms", (), "x", {"id": "x", "wen": 1}), names, "en")
    with pytest.raises(LookupError, match="'golden-toe' of forms has no words"):
        read_aloud(Part("forms", (), "x", {"id": "x", "areas": ["golden-toe"]}), names, "en")
