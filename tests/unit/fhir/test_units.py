"""Laboratory values into their canonical unit, or the reason why not: LAB-1, LAB-2, LAB-5."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cds.data import folder
from cds.fhir.terminology import Terminology
from cds.fhir.units import Converted, Refused, Units
from cds.reasoning.knowledge.laboratory import LaboratoryChapter, LaboratoryTest, Unit
from cds.reasoning.knowledge.reading import read_chapter

CHAPTER = read_chapter(LaboratoryChapter, "laboratory", [folder("rules")])
TERMINOLOGY = Terminology.load(folder("profiles"))
UNITS = Units(CHAPTER, TERMINOLOGY)

UREA, UREA_NITROGEN = "3091-6", "3094-0"


def by_code(lab: str, value: float, ucum: str, loinc: str = "") -> Converted | Refused:
    return UNITS.convert(lab, value, ucum, "", loinc)


def by_text(lab: str, value: float, text: str, loinc: str = "") -> Converted | Refused:
    return UNITS.convert(lab, value, "", text, loinc)


def canonical(lab: str, value: float, ucum: str, loinc: str = "") -> float:
    converted = by_code(lab, value, ucum, loinc)
    assert isinstance(converted, Converted)
    assert converted.unit == CHAPTER.test(lab).unit
    return converted.value


@pytest.mark.parametrize(
    ("lab", "value", "ucum", "expected", "loinc"),
    [
        ("calcium-total", 10.0, "mg/dL", 2.495, ""),
        ("calcium-total", 100, "mg/L", 2.495, ""),
        ("calcium-total", 5.0, "meq/L", 2.5, ""),
        ("calcium-corrected", 10.0, "mg/dL", 2.495, ""),
        ("calcium-ionised", 5.0, "mg/dL", 1.2476, ""),
        ("phosphate", 4.5, "mg/dL", 1.453, ""),
        ("phosphate", 35, "mg/L", 1.13, ""),
        ("creatinine", 1.0, "mg/dL", 88.4, ""),
        ("creatinine", 10, "mg/L", 88.4, ""),
        ("creatinine", 0.08, "mmol/L", 80, ""),
        ("albumin", 4.0, "g/dL", 40, ""),
        ("albumin", 602, "umol/L", 40.0, ""),
        ("pth-intact", 6.9, "pmol/L", 65.0, ""),
        ("pth-intact", 65, "pg/mL", 65, ""),
        ("vitamin-d-25oh", 150, "ng/mL", 374.4, ""),
        ("vitamin-d-1-25", 64, "pg/mL", 153.6, ""),
        ("magnesium", 2.0, "mg/dL", 0.823, ""),
        ("urea", 36, "mg/dL", 6.0, UREA),
        ("urea", 17, "mg/dL", 6.07, UREA_NITROGEN),
        ("urea", 0.36, "g/L", 6.0, UREA),
        ("urate", 6.0, "mg/dL", 357, ""),
        ("alp", 1, "ukat/L", 60, ""),
        ("urine-calcium-24h", 300, "mg/(24.h)", 7.49, ""),
        ("urine-acr", 3.4, "mg/mmol", 30.1, ""),
        ("transferrin-saturation", 0.45, "1", 45, ""),
        ("body-height", 1.2, "m", 120, ""),
        ("egfr", 55, "mL/min", 55, ""),
        ("platelets", 250, "10*3/uL", 250, ""),
        ("platelets", 250_000, "/uL", 250, ""),
    ],
)
def test_worked_examples(lab: str, value: float, ucum: str, expected: float, loinc: str) -> None:
    assert canonical(lab, value, ucum, loinc) == pytest.approx(expected, rel=2e-3)


@pytest.mark.parametrize(
    ("lab", "value", "text", "expected"),
    [
        ("creatinine", 80, "µmol/L", 80),  # U+00B5
        ("creatinine", 80, "μmol/l", 80),  # U+03BC
        ("creatinine", 80, "umol / L", 80),
        ("creatinine", 80, "UMOL/L", 80),
        ("creatinine", 80, "micromol/L", 80),
        ("creatinine", 80, "mcmol/L", 80),
        ("calcium-total", 10, "mg %", 2.495),
        ("calcium-total", 10, "MG/DL", 2.495),
        ("calcium-total", 5, "mEq/L", 2.5),
        ("egfr", 55, "mL/min/1,73 m²", 55),
        ("egfr", 55, "ml/min/1.73m2", 55),
        ("egfr", 55, "mL/min/1.73m^2", 55),
        ("alp", 90, "UI/L", 90),
        ("platelets", 250, "G/L", 250),
        ("urine-calcium-24h", 5, "mmol/24 h", 5),
        ("flc-ratio", 1.2, "", 1.2),
        ("ana", 160, "", 160),
        ("body-height", 50, "in", 127),
    ],
)
def test_unit_text_without_a_code(lab: str, value: float, text: str, expected: float) -> None:
    converted = by_text(lab, value, text)
    assert isinstance(converted, Converted)
    assert converted.value == pytest.approx(expected, rel=1e-3)


def test_the_code_decides_over_the_text() -> None:
    assert UNITS.convert("calcium-total", 10, "mg/dL", "mmol/L", "") == by_code("calcium-total", 10, "mg/dL")
    assert UNITS.convert("calcium-total", 10, "g", "mg/dL", "") == Refused("unit-unknown")


def test_the_unit_decides_over_the_loinc_axis() -> None:
    """LAB-1: 2000-8 is a molar code, yet its value may come in mg/dL."""
    assert canonical("calcium-total", 10, "mg/dL", "2000-8") == pytest.approx(2.495, rel=1e-3)
    assert canonical("calcium-total", 2.4, "mmol/L", "17861-6") == 2.4


@pytest.mark.parametrize("nothing", ["", " ", "\u00a0"])
def test_a_missing_unit_is_refused(nothing: str) -> None:
    assert by_text("calcium-total", 2.4, nothing) == Refused("unit-missing")
    assert by_text("transferrin-saturation", 0.3, nothing) == Refused("unit-missing")


@pytest.mark.parametrize(
    ("lab", "unit"),
    [
        ("calcium-total", "mmol"),
        ("calcium-total", "g/dL"),
        ("phosphate", "meq/L"),  # its charge depends on pH
        ("vitamin-d-25oh", "pg/mL"),  # that would be 1,25-(OH)2-D
        ("pthrp", "pg/mL"),  # assays measure different fragments
        ("anti-centromere", "U/mL"),
        ("creatinine", "mL/min"),
    ],
)
def test_a_unit_that_is_not_listed_is_refused(lab: str, unit: str) -> None:
    assert by_code(lab, 1, unit) == by_text(lab, 1, unit) == Refused("unit-unknown")


def test_mass_of_urea_is_refused_when_nobody_says_what_was_weighed() -> None:
    assert by_code("urea", 36, "mg/dL") == Refused("unit-unknown")
    assert by_code("urea", 0.36, "g/L", UREA_NITROGEN) == Refused("unit-unknown")
    assert canonical("urea", 6, "mmol/L") == canonical("urea", 6, "mmol/L", UREA_NITROGEN) == 6


MG_DL, MMOL_L, IMPLAUSIBLE = Refused("looks-like-mg-dl"), Refused("looks-like-mmol-l"), Refused("implausible")


@pytest.mark.parametrize(
    ("lab", "value", "ucum", "expected"),
    [
        ("calcium-total", 4.99, "mmol/L", None),
        ("calcium-total", 5.0, "mmol/L", MG_DL),
        ("calcium-total", 9.6, "mmol/L", MG_DL),
        ("calcium-total", 20.0, "mmol/L", MG_DL),
        ("calcium-total", 20.1, "mmol/L", IMPLAUSIBLE),
        ("calcium-total", 0.49, "mmol/L", IMPLAUSIBLE),
        ("calcium-total", 0.5, "mmol/L", None),
        ("calcium-total", 4.0, "mg/dL", MMOL_L),
        ("calcium-total", 4.01, "mg/dL", None),
        ("calcium-total", 2.4, "mg/dL", MMOL_L),
        ("calcium-total", 1.0, "mg/dL", MMOL_L),
        ("calcium-total", 0.99, "mg/dL", IMPLAUSIBLE),
        ("calcium-total", 33, "mg/dL", IMPLAUSIBLE),
        ("calcium-corrected", 9.6, "mmol/L", MG_DL),
        ("calcium-corrected", 2.4, "mg/dL", MMOL_L),
        ("calcium-ionised", 3.0, "mmol/L", None),
        ("calcium-ionised", 3.2, "mmol/L", IMPLAUSIBLE),
        ("calcium-ionised", 3.5, "mmol/L", MG_DL),
        ("calcium-ionised", 7.0, "mmol/L", MG_DL),
        ("calcium-ionised", 7.1, "mmol/L", IMPLAUSIBLE),
        ("calcium-ionised", 0.8, "mg/dL", MMOL_L),
        ("calcium-ionised", 1.25, "mg/dL", MMOL_L),
        ("calcium-ionised", 1.8, "mg/dL", MMOL_L),
        ("calcium-ionised", 1.81, "mg/dL", None),
        ("phosphate", 0.09, "mmol/L", IMPLAUSIBLE),
        ("phosphate", 5.1, "mmol/L", IMPLAUSIBLE),
        ("creatinine", 9, "umol/L", IMPLAUSIBLE),
        ("creatinine", 1.0, "umol/L", IMPLAUSIBLE),
        ("creatinine", 3001, "umol/L", IMPLAUSIBLE),
    ],
)
def test_plausible_ranges_and_swapped_units(lab: str, value: float, ucum: str, expected: Refused | None) -> None:
    converted = by_code(lab, value, ucum)
    assert (converted if isinstance(converted, Refused) else None) == expected


@pytest.mark.parametrize(("value", "doubt"), [(3.0, ""), (3.01, "phosphate-swap"), (5.0, "phosphate-swap")])
def test_high_phosphate_is_marked_because_only_the_kidneys_can_tell(value: float, doubt: str) -> None:
    assert by_code("phosphate", value, "mmol/L") == Converted(value, "mmol/L", doubt)  # type: ignore[arg-type]
    assert by_text("phosphate", value, "mmol/l") == by_code("phosphate", value, "mmol/L")


def test_high_phosphate_in_mg_per_dl_is_not_doubted() -> None:
    converted = by_code("phosphate", 12, "mg/dL")
    assert isinstance(converted, Converted)
    assert converted.doubt == ""


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_implausible(value: float) -> None:
    for test in CHAPTER.tests:
        if test.units:
            assert by_code(test.id, value, test.unit) in (IMPLAUSIBLE, MG_DL), test.id


def test_an_unknown_test_is_a_defect() -> None:
    with pytest.raises(KeyError):
        by_code("no-such-test", 1, "mmol/L")


def test_spellings_that_are_remembered_are_bounded() -> None:
    units = Units(CHAPTER, TERMINOLOGY)
    for number in range(1100):
        units.convert("calcium-total", 2.4, "", f"unit {number}", "2000-8")
    assert all(len(scales) <= 128 for scales in units.scales.values())
    units.convert("calcium-total", 2.4, "", "x" * 1000, "2000-8")
    assert "x" * 1000 not in units.scales["2000-8"]
    assert units.convert("calcium-total", 10, "", "mg %", "") == by_text("calcium-total", 10, "mg %")


@pytest.mark.parametrize("test", [test for test in CHAPTER.tests if test.units], ids=lambda test: test.id)
def test_nothing_can_be_said_against_a_value_within_its_scale(test: LaboratoryTest) -> None:
    for loinc in (code.loinc for code in TERMINOLOGY.lab_codes(test.id) if not code.ignored):
        for unit in test.units:
            scale = UNITS.scales[loinc][unit.ucum]
            if scale.refused is not None:
                continue
            assert scale.low < scale.high
            inside = [
                math.nextafter(scale.low, math.inf),
                (scale.low + scale.high) / 2,
                math.nextafter(scale.high, -math.inf),
            ]
            for value in inside:
                assert UNITS.convert(test.id, value, unit.ucum, "", loinc) == Converted(
                    value * scale.factor, test.unit, ""
                )
            assert scale.unit == test.unit


def test_a_unit_that_cannot_be_read_leaves_no_value() -> None:
    for unit in ("", "furlongs"):
        scale = UNITS.scales["2000-8"][unit]
        assert scale.refused is not None
        assert not any(scale.low < value < scale.high for value in (-math.inf, 0.0, 2.4, math.inf, math.nan))


# --------------------------------------------------------------------------------------------- properties

PAIRS = [(test, unit) for test in CHAPTER.tests for unit in test.units]
LOINC_OF = {code.analyte: code.loinc for code in TERMINOLOGY.lab_codes("urea")}
pairs = st.sampled_from(PAIRS)


def loinc_for(unit: Unit) -> str:
    return LOINC_OF.get(unit.pair, "")


def plausible(test: LaboratoryTest, share: float) -> float:
    low, high = test.plausible or (1.0, 1000.0)
    return low + share * (high - low)


@given(pairs, st.floats(0.001, 0.999))
def test_every_unit_goes_there_and_back(pair: tuple[LaboratoryTest, Unit], share: float) -> None:
    test, unit = pair
    value = plausible(test, share)
    given_value = value / unit.factor
    assume(not any(swap.labelled == unit.ucum and swap.holds(given_value) for swap in test.swap))
    converted = by_code(test.id, given_value, unit.ucum, loinc_for(unit))
    assert isinstance(converted, Converted)
    assert converted.value == pytest.approx(value, rel=1e-12)


@given(pairs, st.floats(-1e9, 1e9))
def test_nothing_implausible_ever_passes(pair: tuple[LaboratoryTest, Unit], value: float) -> None:
    test, unit = pair
    converted = by_code(test.id, value, unit.ucum, loinc_for(unit))
    if isinstance(converted, Converted) and test.plausible:
        assert test.plausible[0] <= converted.value <= test.plausible[1]
        assert converted.value == value * unit.factor


@given(pairs, st.floats(0.001, 0.999), st.sampled_from(["µ", "μ", "u"]), st.booleans(), st.booleans())
def test_spelling_never_changes_a_value(
    pair: tuple[LaboratoryTest, Unit], share: float, micro: str, upper: bool, spaced: bool
) -> None:
    test, unit = pair
    value = plausible(test, share) / unit.factor
    expected = by_code(test.id, value, unit.ucum, loinc_for(unit))
    for written in (unit.ucum, *unit.text):
        text = written.replace("µ", micro).replace("u", micro)
        text = f" {text} ".replace("/", " / ") if spaced else text
        text = text.upper() if upper and micro == "u" else text
        assert by_text(test.id, value, text, loinc_for(unit)) == expected


@given(st.floats(0.5, 4.9))
def test_mg_per_dl_and_mmol_per_l_agree(calcium: float) -> None:
    assume(calcium / 0.249513 > 4)
    assert canonical("calcium-total", calcium / 0.249513, "mg/dL") == pytest.approx(
        canonical("calcium-total", calcium, "mmol/L"), rel=1e-12
    )


@given(st.text(max_size=8))
def test_any_text_has_an_answer(text: str) -> None:
    for lab in ("calcium-total", "anti-centromere", "urea"):
        assert isinstance(by_text(lab, 1.0, text), (Converted, Refused))


# ------------------------------------------------------------------------------- a laboratory's own limits


@pytest.mark.parametrize(
    ("lab", "low", "high", "ucum", "expected"),
    [
        ("calcium-total", 8.5, 10.5, "mg/dL", (2.1209, 2.6199)),
        ("calcium-total", 2.15, 2.55, "mmol/L", (2.15, 2.55)),
        ("pth-intact", 1.6, 6.9, "pmol/L", (15.08, 65.03)),
        ("pth-intact", None, 65, "ng/L", (None, 65)),
        ("egfr", 60, None, "mL/min/{1.73_m2}", (60, None)),
        ("alp", 60, 425, "U/L", (60, 425)),  # a child
        ("crp", 0, 5, "mg/L", (0, 5)),
        ("fgf23-intact", 10, 60, "pg/mL", (10, 60)),  # we have no limits to compare with
    ],
)
def test_limits_of_the_laboratory(
    lab: str, low: float | None, high: float | None, ucum: str, expected: tuple[float | None, float | None]
) -> None:
    assert UNITS.limits(lab, low, high, ucum, "", "") == tuple(
        None if each is None else pytest.approx(each, rel=1e-3) for each in expected
    )


@pytest.mark.parametrize(
    ("lab", "low", "high", "unit"),
    [
        ("calcium-total", 8.5, 10.5, "mmol/L"),  # mg/dL under the wrong label
        ("calcium-total", 2.2, 2.6, "mg/dL"),
        ("phosphate", 2.5, 4.5, "mmol/L"),
        ("creatinine", 0.7, 1.3, "umol/L"),
        ("calcium-total", 8.5, 10.5, ""),
        ("calcium-total", None, None, "mmol/L"),
        ("calcium-total", math.nan, 2.6, "mmol/L"),
    ],
)
def test_limits_that_do_not_fit_are_left_out(lab: str, low: float | None, high: float | None, unit: str) -> None:
    """LAB-5: unit and order of magnitude must fit."""
    assert UNITS.limits(lab, low, high, unit, "", "") == (None, None)


def test_an_order_of_magnitude_is_a_factor_of_ten() -> None:
    assert UNITS.limits("creatinine", None, 1190, "umol/L", "", "") == (None, 1190)
    assert UNITS.limits("creatinine", None, 1191, "umol/L", "", "") == (None, None)
    assert UNITS.limits("egfr", 9, None, "mL/min", "", "") == (9, None)
    assert UNITS.limits("egfr", 8.9, None, "mL/min", "", "") == (None, None)
