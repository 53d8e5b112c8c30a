"""Which calcified parasites are plausible, by the countries of the record (DDX-1, decision 0043)."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path

import pytest

from cds.data import folder
from cds.reasoning.chart import Patient
from cds.reasoning.facts import Facts
from cds.reasoning.hints import differential_conclusion
from cds.reasoning.knowledge import Knowledge
from cds.reasoning.knowledge.reading import Mistakes
from cds.reasoning.origin import plausible_parasites
from tests.unit.reasoning.core import calcinosis, chart, facts, problem

SITE = "parasites: {countries: {loiasis: [CM, GA], cysticercosis: [MG, CM], dracunculiasis: [TD]}}\n"
EVERYWHERE = ("lymphatic-filariasis-bancrofti", "onchocerciasis", "porocephalosis", "sarcosporidiosis")


@cache
def laid_over(text: str, parent: Path) -> Knowledge:
    parent.joinpath("forms.yaml").write_text(text, encoding="utf-8")
    return Knowledge.load([folder("rules"), parent])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    return laid_over(SITE, tmp_path_factory.mktemp("site"))


def of(knowledge: Knowledge, now: datetime, *countries: str, **members: object) -> Facts:
    known = {"problems": (calcinosis(),), **members, "patient": Patient("p", countries=countries)}
    return Facts(chart(**known), now, knowledge)


@pytest.mark.parametrize("written", ["CM", "cm", "CMR", "Cameroon", "CAMEROUN", " cameroun "])
def test_a_country_is_a_code_or_a_name(site: Knowledge, now: datetime, written: str) -> None:
    found = plausible_parasites(of(site, now, written))
    assert set(found.concepts) == {"loiasis", "cysticercosis", *EVERYWHERE}
    assert [each.fr for each in found.chosen_by] == ["Cameroun"]


def test_any_country_of_the_record_makes_a_parasite_plausible(site: Knowledge, now: datetime) -> None:
    assert {"cysticercosis", "dracunculiasis"} <= set(plausible_parasites(of(site, now, "MDG", "Tchad")).concepts)


@pytest.mark.parametrize("countries", [(), ("Atlantis",), ("FR", "Atlantis")])
def test_an_unknown_country_excludes_nothing(site: Knowledge, now: datetime, countries: tuple[str, ...]) -> None:
    found = plausible_parasites(of(site, now, *countries))
    assert found.concepts == site.forms.parasites.concepts
    assert found.chosen_by == ()


def test_the_package_itself_excludes_nothing(now: datetime) -> None:
    found = facts(now, problems=(calcinosis(),), patient=Patient("p", countries=("FR",)))
    assert plausible_parasites(found).concepts == found.knowledge.forms.parasites.concepts


def parasites_line(known: Facts, language: str) -> str:
    wanted = differential_conclusion(known)
    assert wanted is not None
    return next(
        note.in_(language) for note in wanted.conclusion.notes if note.en.startswith("Calcified parasites")
    )  # fmt: skip


def test_the_differential_names_every_parasite_where_nothing_is_known(now: datetime) -> None:
    known = facts(now, problems=(calcinosis(),))
    assert parasites_line(known, "en") == (
        "Calcified parasites (lymphatic filariasis, loiasis, dracunculiasis, cysticercosis, onchocerciasis, porocephalosis,"
        " sarcosporidiosis)."
    )


def test_the_differential_says_by_which_countries_it_chose(site: Knowledge, now: datetime) -> None:
    said = parasites_line(of(site, now, "MG"), "fr")
    assert said == (
        "Calcifications parasitaires (filariose lymphatique, cysticercose, onchocercose, porocéphalose, sarcosporidiose ;"
        " d'après les pays du dossier, Madagascar)."
    )


def test_a_parasite_of_the_record_is_named_wherever_the_patient_lives(site: Knowledge, now: datetime) -> None:
    known = of(site, now, "France", problems=(calcinosis(), problem("loiasis", text="Loiasis", level="unconfirmed")))
    assert "loiasis" in parasites_line(known, "en")
    assert "dracunculiasis" not in parasites_line(known, "en")


def test_where_no_parasite_is_expected_the_card_asks_about_travel(now: datetime, tmp_path: Path) -> None:
    everywhere = facts(now).knowledge.forms.parasites.concepts
    text = "parasites: {countries: {" + ", ".join(f"{each}: [CM]" for each in everywhere) + "}}\n"
    known = of(laid_over(text, tmp_path), now, "FR")
    assert parasites_line(known, "en") == (
        "Calcified parasites (none expected from the countries of the record, France; ask about travel)."
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("parasites: {countries: {loiasis: [CMR]}}", "'CMR' is no country of rules/countries.yaml"),
        ("parasites: {countries: {loiase: [CM]}}", "'loiase' is no value of the placeholder parasite"),
    ],
)
def test_a_wrong_name_is_told(tmp_path: Path, text: str, said: str) -> None:
    tmp_path.joinpath("forms.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(Mistakes, match=said):
        Knowledge.load([folder("rules"), tmp_path])


def test_a_name_belongs_to_one_country(tmp_path: Path) -> None:
    tmp_path.joinpath("countries.yaml").write_text("countries: [{id: FR, also: [Spain]}]", encoding="utf-8")
    with pytest.raises(Mistakes, match="'Spain' is a name of ES and of FR"):
        Knowledge.load([folder("rules"), tmp_path])
