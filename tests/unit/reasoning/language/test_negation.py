"""ACC-3, boundary by boundary: the word TERM stands for whatever is looked for."""

from __future__ import annotations

import pytest

from cds.reasoning.language.negation import Heard, Listener
from cds.reasoning.language.patterns import Lexicon
from tests.words import chapters

LISTENER = Listener(chapters().words)


def heard(text: str) -> tuple[Heard, int, int]:
    found = [one for one in LISTENER.hear(text) if "term" in one.words]
    assert len(found) == 1, found
    start = found[0].words.index("term")
    return found[0], start, start + len("term")


def negated(text: str) -> bool:
    one, start, end = heard(text)
    return one.negated(start, end)


def hypothetical(text: str) -> bool:
    one, start, end = heard(text)
    return one.hypothetical(start, end)


@pytest.mark.parametrize(
    "text",
    [
        "Pas de TERM", "pas d'TERM", "pas d’autre TERM", "Absence de TERM", "sans TERM", "aucun TERM", "aucune TERM",
        "ni fracture ni TERM", "TERM exclu", "examen qui exclut TERM", "ce qui élimine TERM", "no TERM", "without TERM",
        "denies TERM", "negative for TERM", "TERM ruled out", "TERM : absent", "TERM : non", "TERM: none.",
        "TERM of the left calf: not seen", "TERM (non)", "TERM is not seen", "non TERM", "non-TERM",
        "no un deux trois quatre cinq TERM",
        "TERM un deux trois absent",
        "pas de fracture, de luxation ni de TERM",
        "pas de fracture, de TERM ni de luxation",
        "no fracture, dislocation or TERM",
        "no fracture, dislocation, effusion, foreign body, gas or TERM",
        "no evidence of acute fracture or dislocation or significant TERM",
        "There is no evidence of TERM",
    ],
)  # fmt: skip
def test_denied(text: str) -> None:
    assert negated(text)


@pytest.mark.parametrize(
    "text",
    [
        "TERM",
        "Pas de fracture, TERM",
        "pas de fracture ; TERM",
        "pas de fracture : TERM",
        "pas de fracture mais TERM", "pas de fracture cependant TERM", "pas de fracture toutefois TERM",
        "pas de fracture avec TERM", "no fracture but TERM", "no fracture however TERM", "no fracture with TERM",
        "no fracture, there is TERM",
        "no un deux trois quatre cinq six TERM",
        "TERM un deux trois quatre absent",
        "TERM, fracture absent",
        "lésion sans effet de masse TERM", "TERM sans effet de masse", "TERM sans ulcération",
        "ulcère non cicatrisé sur TERM", "non-healing ulcer over TERM", "not healed ulcer over TERM",
        "pas de modification de TERM", "sans changement de TERM", "no change in TERM", "no interval change in TERM",
        "TERM inchangé", "TERM unchanged", "diabète non insulinodépendant TERM",
        "diabète non équilibré et TERM",
        "ne peut être exclu TERM", "TERM non exclu", "TERM not ruled out", "TERM cannot be excluded",
        "CT without contrast shows TERM", "scanner sans injection TERM",
        "TERM : oui", "TERM: not an easy one", "TERM un deux trois quatre cinq : non",
        "exclusivement TERM",
    ],
)  # fmt: skip
def test_not_denied(text: str) -> None:
    assert not negated(text)


def test_a_line_break_ends_the_denial() -> None:
    sentences = list(LISTENER.hear("Pas de fracture\nTERM"))
    assert [one.words for one in sentences] == ["pas de fracture", "term"]


def test_without_mass_effect_denies_the_mass() -> None:
    one = next(iter(LISTENER.hear("lésion sans effet de masse")))
    start = one.words.index("masse")
    assert one.negated(start, start + 5)
    assert not one.negated(one.words.index("sans"), len(one.words)), "the phrase itself is said"


@pytest.mark.parametrize(
    "text",
    [
        "suspicion de TERM", "TERM ?", "? TERM", "TERM (?)", "possible TERM", "TERM possible", "TERM à éliminer",
        "r/o TERM", "TERM cannot be excluded", "TERM non exclu", "ne peut être exclu : possible TERM", "suspected TERM",
        "TERM not ruled out", "fracture, TERM un deux trois quatre cinq six ?", "TERM ? un deux",
    ],
)  # fmt: skip
def test_in_doubt(text: str) -> None:
    assert hypothetical(text)
    assert not negated(text)


@pytest.mark.parametrize(
    "text",
    [
        "TERM", "possible fracture, TERM", "TERM, lupus ?", "TERM: possible", "? fracture, TERM",
        "possible un deux trois quatre cinq six TERM", "TERM un deux trois quatre possible", "TERM. Lupus ?",
        "TERM un deux trois quatre (?) cinq",
    ],
)  # fmt: skip
def test_not_in_doubt(text: str) -> None:
    assert not hypothetical(text)


def test_doubt_can_be_asked_before_denial() -> None:
    one, start, end = heard("possible TERM")
    assert one.hypothetical(start, end)
    assert one.hypothetical(start, end), "and twice"


@pytest.mark.parametrize(
    "text",
    [
        "Mère : TERM", "Père atteint de TERM", "soeur TERM", "sœur TERM", "frère TERM", "mother with TERM", "father TERM",
        "his sister has TERM", "brother TERM", "sibling TERM", "son fils a un TERM", "sa fille : TERM",
        "fille de la patiente : TERM", "her daughter has TERM", "daughter of the patient: TERM", "antécédents familiaux : TERM",
        "antécédent familial de TERM", "histoire familiale de TERM", "family history of TERM", "her eldest son has TERM",
    ],
)  # fmt: skip
def test_of_a_relative(text: str) -> None:
    assert list(LISTENER.hear(text)) == []


@pytest.mark.parametrize(
    "text",
    [
        "petite fille de 7 ans, TERM", "enfant de 4 ans, TERM", "TERM familial", "chondrocalcinose familiale, TERM",
        "familial hypocalciuric hypercalcaemia, TERM", 'images "à la tante Minnie" de TERM', "an Aunt Minnie of TERM",
        "mère de trois enfants, TERM", "mother of two, TERM",
    ],
)  # fmt: skip
def test_of_the_patient(text: str) -> None:
    assert len(list(LISTENER.hear(text))) == 1


def test_a_list_below_a_heading_about_relatives_is_theirs() -> None:
    text = "Antécédents familiaux :\n- TERM\n- lupus\nExamen : TERM"
    assert [one.words for one in LISTENER.hear(text)] == ["examen : term"]


def test_only_sentences_that_may_hold_what_is_wanted_are_heard() -> None:
    wanted = Lexicon([(None, ["mais"])])
    assert [one.words for one in LISTENER.hear("Rien ici. Oui mais non.\nMais :\n- rien", wanted)] == [
        "oui mais non.",
        "mais :",
    ]
