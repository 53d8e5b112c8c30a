from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.reasoning.language.patterns import Hit, Lexicon, PhraseError, compile_phrases, stems_in
from cds.reasoning.language.text import fold
from tests.words import chapters, language


def find(phrase: str, text: str) -> list[str]:
    words = fold(text)
    hits = Lexicon([("it", [phrase])]).find(words, stems_in(words))
    assert [hit[:2] for hit in hits] == [found.span() for found in compile_phrases([phrase]).finditer(words)]
    return [words[hit.start : hit.end] for hit in hits]


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("ulcère veineux", "ULCERES VEINEUX"),
        ("insuffisance veineux", "Insuffisance veineuse"),
        ("artery", "Arteries"),
        ("calcinosis", "calcinoses"),
        ("mass", "masses"),
        ("cicatrisé", "cicatrisées"),
        ("sous-cutané", "sous cutané"),
        ("sous-cutané", "souscutané"),
        ("peri-articul*", "périarticulaires"),
        ("calcif*", "calcifications"),
        ("*calcif*", "microcalcifications"),
        ("gum*", "gumma"),
        ("ulcère( de jambe)? veineux", "ulcère de jambe veineux"),
        ("ulcère( de jambe)? veineux", "ulcère veineux"),
        ("(la |crise de )?goutte", "goutte"),
        ("syndrome d'Ehlers-Danlos", "syndrome d’ Ehlers Danlos"),
        ("ulcère … cicatrisé", "ulcère de la jambe gauche cicatrisé"),
        ("insuffisance rénale stade 4", "insuffisance rénale (stade 4"),
        ("r/o", "r/o"),
        ("1+", "1+"),
        ("W. bancrofti", "W. bancrofti"),
    ],
)
def test_finds(phrase: str, text: str) -> None:
    assert find(phrase, text) == [fold(text)]


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("calcif*", "décalcification"),
        ("ulcère … cicatrisé", "ulcère non cicatrisé"),
        ("ulcère … cicatrisé", "ulcère, cicatrisé"),
        ("ulcère … cicatrisé", "ulcère un deux trois quatre cinq cicatrisé"),
        ("IRCT", "IRCTs"),
        ("cutané", "percutané"),
        ("main", "domaine"),
        ("no", "now"),
    ],
)
def test_does_not_find(phrase: str, text: str) -> None:
    assert find(phrase, text) == []


def test_finds_every_place_of_a_word_and_says_what_it_means() -> None:
    lexicon = Lexicon([("place", ["jambe", "cheville"]), ("thing", ["os"])])
    words = "jambe os jambe xjambe"
    assert lexicon.find(words, stems_in(words)) == [Hit(0, 5, "place"), Hit(6, 8, "thing"), Hit(9, 14, "place")]


def test_nothing_stands_in_an_unrelated_text() -> None:
    lexicon = Lexicon([(None, ["calcinose", "*calcif*"])])
    assert not lexicon.may_stand_in("hypertension", stems_in("hypertension"))
    assert lexicon.may_stand_in("microcalcifications", stems_in("microcalcifications"))
    assert lexicon.find("hypertension", stems_in("hypertension")) == []


def test_no_phrases_find_nothing() -> None:
    assert compile_phrases([]).search("anything") is None


@pytest.mark.parametrize(
    "phrase",
    ["calcif[a-z]", "(calcinose", "calcinose)", "((a|b) calcinose", "mot?", "*", "(a b)?", "c*", "(foie|*calcif*)"],
)
def test_refuses_what_is_not_in_the_notation(phrase: str) -> None:
    with pytest.raises(PhraseError):
        Lexicon([(None, [phrase])])


def example(phrase: str, pick: int) -> str:
    """A text that the phrase describes: the `pick`-th alternative, no optional part, no ending."""
    while (inner := re.search(r"\(([^()]*)\)(\??)", phrase)) is not None:
        branches = inner.group(1).split("|")
        chosen = "" if inner.group(2) and pick % 2 else branches[pick % len(branches)]
        phrase = phrase[: inner.start()] + chosen + phrase[inner.end() :]
    return phrase.replace("*", "").replace("…", "xx")


PHRASES = [(term.id, phrase) for term in chapters().terms.terms for phrase in (*term.fr, *term.en)]


@given(entry=st.sampled_from(PHRASES), pick=st.integers(0, 7))
def test_every_phrase_of_the_terms_finds_what_it_describes(entry: tuple[str, str], pick: int) -> None:
    term, phrase = entry
    words = fold(example(phrase, pick))
    hits = language().terms.words.find(words, stems_in(words))
    assert any(hit.meaning == term and hit.start <= 1 and hit.end >= len(words) - 1 for hit in hits), words


@given(text=st.text(alphabet=st.sampled_from("abcdefgilmnoprstuvz -'"), max_size=60))
def test_the_lexicon_finds_what_the_plain_expressions_find(text: str) -> None:
    phrases = ["mal de tete", "os", "sous-main", "(le|la) gris", "str*", "dos"]
    words = fold(text)
    found = {hit[:2] for hit in Lexicon([(phrase, [phrase]) for phrase in phrases]).find(words, stems_in(words))}
    assert found == {match.span() for phrase in phrases for match in compile_phrases([phrase]).finditer(words)}
