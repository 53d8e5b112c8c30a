"""The chapter of laboratory tests: limits by age and sex (LAB-5), windows (ACC-5), and what the schema refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from cds.data import folder
from cds.reasoning.knowledge.laboratory import (
    AgeLimit,
    Interval,
    LaboratoryChapter,
    LaboratoryTest,
    Reference,
    Swap,
    spelled,
)
from cds.reasoning.knowledge.reading import Mistakes, read_chapter

CHAPTER = read_chapter(LaboratoryChapter, "laboratory", [folder("rules")])

Sex = Literal["male", "female"] | None


def upper(lab: str, age: int | None, sex: Sex) -> float | None:
    limits = CHAPTER.limits(lab, age, sex)
    return limits.upper if limits else None


@pytest.mark.parametrize(
    ("age", "sex", "expected"),
    [
        (0, None, None),
        (1, None, 2.19),
        (4, "male", 2.19),
        (5, "female", 1.92),
        (12, "male", 1.92),
        (13, "male", 1.99),
        (15, "female", 1.79),
        (15, None, 1.99),
        (16, "male", 1.62),
        (17, "female", 1.62),
        (18, "female", 1.45),
        (None, None, 1.45),
    ],
)
def test_phosphate_by_age(age: int | None, sex: Sex, expected: float | None) -> None:
    """LAB-5."""
    assert upper("phosphate", age, sex) == expected


def test_a_child_has_no_lower_limit_of_phosphate() -> None:
    limits = CHAPTER.limits("phosphate", 8, None)
    assert limits is not None
    assert limits.lower is None


@pytest.mark.parametrize("lab", ["alp", "creatinine"])
def test_children_have_no_adult_limits(lab: str) -> None:
    assert CHAPTER.limits(lab, 17, "male") is None
    assert CHAPTER.limits(lab, 18, "male") is not None


@pytest.mark.parametrize("lab", ["calcium-total", "calcium-corrected", "calcium-ionised", "phosphate"])
def test_infants_have_no_limits(lab: str) -> None:
    assert CHAPTER.limits(lab, 0, "male") is None
    assert CHAPTER.limits(lab, 1, "male") is not None


def test_limits_by_sex() -> None:
    assert upper("urine-calcium-24h", 40, "female") == 6.25
    assert upper("urine-calcium-24h", 40, "male") == 7.5
    assert upper("urine-calcium-24h", 40, None) == 7.5
    limits = CHAPTER.limits("alp", 40, None)
    assert limits is not None
    assert (limits.lower, limits.upper) == (35, 129)


def test_no_limits_where_the_assay_decides() -> None:
    assert CHAPTER.limits("pthrp", 40, "male") is None
    assert CHAPTER.test("pthrp").assay


def test_the_ends_of_an_interval() -> None:
    """`low` and `high` are normal, `below` is not."""
    interval = Interval(low=2.2, high=2.6)
    assert [interval.is_low(value) for value in (2.19, 2.2)] == [True, False]
    assert [interval.is_high(value) for value in (2.6, 2.61)] == [False, True]
    below = CHAPTER.limits("urine-acr", 40, None)
    assert below is not None
    assert [below.is_high(value) for value in (29.9, 30)] == [False, True]
    at_least = CHAPTER.limits("egfr", 40, None)
    assert at_least is not None
    assert [at_least.is_low(value) for value in (89, 90)] == [True, False]
    assert not at_least.is_high(200)


@pytest.mark.parametrize(
    ("labs", "current", "recent"),
    [
        (("calcium-total", "calcium-corrected", "calcium-ionised", "phosphate", "albumin", "creatinine"), 90, 365),
        (("bicarbonate",), 90, 365),
        (("pth-intact", "vitamin-d-25oh", "vitamin-d-1-25", "alp", "magnesium", "urine-calcium-24h"), 365, None),
        (
            ("ana", "anti-centromere", "anti-scl70", "anti-dsdna", "ferritin", "transferrin-saturation", "m-protein"),
            1095,
            None,
        ),
    ],
)
def test_look_back_windows(labs: tuple[str, ...], current: int, recent: int | None) -> None:
    """ACC-5."""
    for lab in labs:
        look_back = CHAPTER.test(lab).look_back
        assert look_back is not None
        assert (look_back.current, look_back.recent, look_back.longest) == (current, recent, recent or current)


def test_results_in_words() -> None:
    assert {test.id for test in CHAPTER.tests if test.qualitative} == {
        *("ana", "anti-centromere", "anti-scl70", "anti-dsdna", "pregnancy-status")
    }


def test_adult_limits_are_plausible_values() -> None:
    for test in CHAPTER.tests:
        if test.plausible and test.reference:
            for sex in ("male", "female", None):
                for limit in (test.reference.of(sex).lower, test.reference.of(sex).upper):
                    assert limit is None or test.plausible[0] <= limit <= test.plausible[1], test.id


@pytest.mark.parametrize("other", ["µmol/L", "μmol/L", "UMOL / L", "umol/\u00a0l"])
def test_spellings_of_a_unit_meet(other: str) -> None:
    assert spelled(other) == spelled("umol/L")


# ------------------------------------------------------------------------------------------ what is refused


def test_a_site_changes_one_number_and_keeps_the_rest(tmp_path: Path) -> None:
    (tmp_path / "laboratory.yaml").write_text("tests:\n  - id: pth-intact\n    reference: {low: 12, high: 72}\n")
    chapter = read_chapter(LaboratoryChapter, "laboratory", [folder("rules"), tmp_path])
    limits = chapter.limits("pth-intact", 40, None)
    assert limits is not None
    assert limits.upper == 72
    assert chapter.test("pth-intact").units == CHAPTER.test("pth-intact").units
    assert len(chapter.tests) == len(CHAPTER.tests)


def test_an_age_that_a_site_leaves_out_has_no_limit(tmp_path: Path) -> None:
    (tmp_path / "laboratory.yaml").write_text("phosphate-limits-of-children: [{from: 5, to: 12, high: 1.92}]\n")
    chapter = read_chapter(LaboratoryChapter, "laboratory", [folder("rules"), tmp_path])
    assert chapter.limits("phosphate", 8, None) is not None
    assert chapter.limits("phosphate", 13, None) is None


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (
            "tests:\n  - id: alp\n    digit: 1\n",
            r"laboratory\.yaml:3: .*'digit' is not known here; did you mean 'digits'",
        ),
        ("tests:\n  - id: alp\n    plausible: [5, 1]\n", "the lower end comes first"),
        ("tests:\n  - id: alp\n    unit: kg\n", "the canonical unit 'kg' is missing"),
        (
            "tests:\n  - id: alp\n    reference: {low: 1, male: {low: 1}, female: {low: 2}}\n",
            "give limits for everybody",
        ),
        ("tests:\n  - id: alp\n    units: [{ucum: U/L, factor: 1}, {ucum: u/l, factor: 2}]\n", "'u/l' stands twice"),
        (
            "tests:\n  - id: phosphate\n    swap: [{labelled: kg, above: 3, reason: looks-like-mg-dl}]\n",
            "'kg' is none of the units",
        ),
        (
            "tests:\n  - id: phosphate\n    swap: [{labelled: mmol/L, above: 3, reason: looks-like-mgdl}]\n",
            "did you mean 'looks-like-mg-dl'",
        ),
        ("no-limits-for-infants: [iron-man]\n", "'iron-man' is no laboratory test"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, written: str, message: str) -> None:
    (tmp_path / "laboratory.yaml").write_text(written)
    with pytest.raises(Mistakes, match=message):
        read_chapter(LaboratoryChapter, "laboratory", [folder("rules"), tmp_path])


def test_a_test_stands_once() -> None:
    with pytest.raises(ValueError, match="'alp' stands twice"):
        LaboratoryChapter.model_validate(
            CHAPTER.model_dump(by_alias=True)
            | {"tests": [test.model_dump(by_alias=True) for test in (CHAPTER.test("alp"), *CHAPTER.tests)]}
        )


def test_half_a_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="give `from` and `to`, or `above`"):
        Swap.model_validate({"labelled": "mmol/L", "from": 1, "reason": "looks-like-mg-dl"})
    with pytest.raises(ValueError, match="give `high`, or `male` and `female`"):
        AgeLimit.model_validate({"from": 1, "to": 2, "male": 1.0})
    with pytest.raises(ValueError, match="give limits for everybody"):
        Reference.model_validate({"male": {"low": 1}})


def test_values_never_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        setattr(CHAPTER.test("alp"), "digits", 3)  # noqa: B010 - as a careless caller might


def test_an_unknown_test() -> None:
    with pytest.raises(KeyError):
        CHAPTER.test("no-such-test")
    assert isinstance(CHAPTER.test("alp"), LaboratoryTest)
