"""Observations become measurements (laboratory, body height) and findings (signs, classes, indices) (ACC-4, LAB-1 to 5).

Most Observations of a chart are neither; they are left as soon as code and words say so.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cds.fhir.codes import AMBIGUOUS, Meaning, without_property, words
from cds.fhir.lens import Lens, status
from cds.fhir.resources import Annotation, CodeableConcept, Component, Observation, Quantity, ReferenceRange
from cds.fhir.severity import says_absent, severity
from cds.fhir.terminology import LabCode
from cds.fhir.units import Converted
from cds.fhir.values import Comparator, comparator, number, shown
from cds.reasoning.chart import Finding, Measurement, Moment, Ref

__all__ = ["read_observations"]

_FINAL: Final = frozenset(("final", "amended", "corrected"))
_UCUM: Final = frozenset(("http://unitsofmeasure.org", "urn:oid:2.16.840.1.113883.6.8"))
_INTERPRETATIONS: Final = frozenset("N H HH HU L LL LU A AA POS NEG IND ND DET < >".split())  # noqa: SIM905

Part = Observation | Component


def read_observations(observations: Iterable[Observation], lens: Lens) -> tuple[list[Measurement], list[Finding]]:
    """What `observations` say; what is refused goes to `lens`, what is of no interest goes nowhere."""
    measurements: list[Measurement] = []
    findings: list[Finding] = []
    meaning = lens.codes.meaning
    for whole in observations:
        known = meaning(whole.code)
        if known is not None or (
            (whole.valueCodeableConcept is not None or whole.valueString is not None or whole.note is not None)
            and _speaks(whole, whole.note, lens)
        ):
            _read(whole, whole, known, lens, measurements, findings)
        if whole.component is not None:
            for part in whole.component:
                known = meaning(part.code)
                if known is not None or _speaks(part, None, lens):
                    _read(whole, part, known, lens, measurements, findings)
    return measurements, findings


def _speaks(part: Part, notes: list[Annotation] | None, lens: Lens) -> bool:
    """Whether a value in codes or words, or a note, is of interest although the code is not."""
    codes = lens.codes
    if codes.meaning(part.valueCodeableConcept) is not None:
        return True
    if part.valueString is not None and lens.interesting(part.valueString):
        return True
    return any(note.text is not None and lens.interesting(note.text) for note in notes or ())


def _read(
    whole: Observation,
    part: Part,
    known: Meaning,
    lens: Lens,
    measurements: list[Measurement],
    findings: list[Finding],
) -> None:
    """Accept `part` of `whole`, the whole itself or a component, by status and date (ACC-4)."""
    state = whole.status
    if state not in _FINAL:
        state = status(state)
    when = _when(whole, lens)
    datum: Measurement | Finding | str
    if state not in _FINAL and state != "preliminary":
        datum = state if state == "entered-in-error" else "status"
    elif part.dataAbsentReason is not None:
        datum = "data-absent"
    elif when is not None and when.instant > lens.dates.latest:
        datum = "future-date"
    elif known is None or known is True:
        if _is_panel(whole, part):
            return
        datum = _finding(whole, part, when, state == "preliminary", lens)
    elif when is None:
        datum = "no-date"
    else:
        datum = _measure(whole, part, known, when, state == "preliminary", lens)
    if isinstance(datum, Measurement):
        measurements.append(datum)
    elif isinstance(datum, Finding):
        findings.append(datum)
    elif known is None or known is True:
        lens.refuse(whole, datum, when=when)
    elif datum != "data-absent" or not _is_panel(whole, part):
        lens.refuse(whole, datum, lab=known.lab, written=_value(part)[-1], when=when)


def _when(whole: Observation, lens: Lens) -> Moment | None:
    """ACC-4: effective date, or the end of the period, or when it was issued; else the start of the period."""
    if whole.effectiveDateTime is not None:
        when = lens.dates.of(whole.effectiveDateTime)
        if when is not None:
            return when
    period = whole.effectivePeriod
    if period is None:
        return lens.dates.moment(whole.effectiveInstant, whole.issued)
    return lens.dates.moment(whole.effectiveInstant, period.end, whole.issued, period.start)


def _is_panel(whole: Observation, part: Part) -> bool:
    """Whether this only groups others: it has parts, and no value of its own."""
    return part is whole and bool(whole.component or whole.hasMember) and not _has_value(part)


def _has_value(part: Part) -> bool:
    return not (
        part.valueQuantity is None
        and part.valueString is None
        and part.valueCodeableConcept is None
        and part.valueBoolean is None
        and part.valueInteger is None
        and part.valueRatio is None
    )


_Value = tuple[float | None, Comparator | None, str, str, str, str]
"""A value as it was found: number, comparator, UCUM code, unit, words in lower case, as written. Number or words, or
neither; a comparator None proves nothing. (A plain tuple: it is made for every laboratory result.)"""

_NOTHING: Final[_Value] = (None, "", "", "", "", "")


def _value(part: Part) -> _Value:
    quantity = part.valueQuantity
    if quantity is not None and quantity.value is not None:
        return _of_quantity(quantity)
    if part.valueString is not None:
        return _of_words(part.valueString)
    if part.valueInteger is not None:
        return part.valueInteger, "", "", "", "", shown(part.valueInteger)
    if part.valueCodeableConcept is not None:
        concept = part.valueCodeableConcept
        said = words(concept) or tuple(coding.code for coding in concept.coding or () if coding.code)
        return _said(said[0]) if said else _NOTHING
    if part.valueBoolean is not None:
        return _said("positive" if part.valueBoolean else "negative")
    ratio = part.valueRatio
    if ratio is not None and ratio.numerator and ratio.denominator:
        return _said(f"{_plain(ratio.numerator)}:{_plain(ratio.denominator)}")
    return _NOTHING


def _of_quantity(quantity: Quantity) -> _Value:
    value = quantity.value
    code = quantity.code or ""
    unit = quantity.unit or code
    ucum = code if quantity.system in _UCUM else ""
    sign = comparator(quantity.comparator) if quantity.comparator is not None else ""
    if isinstance(value, str):
        parsed = number(value)
        if parsed is None or (unit and parsed.unit and parsed.unit.lower() != unit.lower()):
            return _said(f"{value} {unit}")
        value = parsed.value
        sign = sign or parsed.comparator
        unit = unit or parsed.unit
    assert value is not None
    written = f"{sign}{shown(value)}" if sign else shown(value)
    return value, sign, ucum, unit, "", f"{written} {unit}" if unit else written


def _of_words(text: str) -> _Value:
    parsed = number(text)
    if parsed is None:
        return _said(text)
    return parsed.value, parsed.comparator, "", parsed.unit, "", " ".join(text.split())


def _said(text: str) -> _Value:
    written = " ".join(text.split())
    return None, "", "", "", written.lower(), written


def _plain(quantity: Quantity) -> str:
    value = quantity.value
    text = shown(value) if isinstance(value, float) else (value or "")
    return f"{text} {quantity.unit}" if quantity.unit else text


def _measure(
    whole: Observation, part: Part, lab: LabCode, when: Moment, preliminary: bool, lens: Lens
) -> Measurement | str:
    """The measurement, or the reason why there is none."""
    if lab is AMBIGUOUS:
        return "ambiguous-code"
    if lab.ignored:
        return "race-term"
    name = lab.lab
    value, sign, ucum, unit, said, written = _value(part)
    interpretation = _interpretation(part) if part.interpretation is not None else ""
    amount = low = high = None
    doubt = ""
    if value is None:
        if not said and not interpretation:
            return "data-absent"
        if name not in lens.worded and any(map(str.isdecimal, said)):
            return "unreadable"
    elif sign is None:
        return "unreadable"
    else:
        converted = lens.units.convert(name, value, ucum, unit, lab.loinc)
        if isinstance(converted, Converted):
            amount, _, doubt = converted
            if part.referenceRange is not None:
                low, high = _limits(part.referenceRange, (ucum, unit), lab, lens)
        elif name in lens.worded:
            said = written.lower()
        else:
            return converted.reason
    # By position: a chart has hundreds of these, and names cost more than everything else in this function.
    return Measurement(
        _ref(whole),
        name,
        lab.loinc,
        lab.property,
        amount,
        lens.unit[name],
        when,
        written or interpretation,
        sign or "",
        low,
        high,
        interpretation,
        said,
        _note(whole, part),
        preliminary,
        lab.rank,
        doubt,
    )


def _ref(whole: Observation) -> Ref:
    meta = whole.meta
    return Ref("Observation", whole.id or "", (meta.versionId or "") if meta is not None else "")


def _limits(
    ranges: list[ReferenceRange], unit: tuple[str, str], lab: LabCode, lens: Lens
) -> tuple[float | None, float | None]:
    """The laboratory's own limits of normal (LAB-5), whose `unit` (UCUM code and text) is the value's unless they have
    one. Of several different ranges nobody says which one is this patient's."""
    given = set()
    for each in ranges:
        if each.type is None or "normal" in map(status, _codes_and_words(each.type)):
            low, high = (
                _of_quantity(end) if end and end.value is not None else _NOTHING for end in (each.low, each.high)
            )
            units = {(ucum, text) for number, _, ucum, text, _, _ in (low, high) if number is not None}
            if len(units) == 1:
                own = units.pop()
                given.add((low[0], high[0], own if own[1] else unit))
    if len(given) != 1:
        return None, None
    lowest, highest, (ucum, text) = given.pop()
    return lens.units.limits(lab.lab, lowest, highest, ucum, text, lab.loinc)


def _codes_and_words(concept: CodeableConcept) -> Iterable[str | None]:
    yield concept.text
    for coding in concept.coding or ():
        yield coding.code


def _interpretation(part: Part) -> str:
    """The first code of v3-ObservationInterpretation; "" when there is none."""
    for concept in part.interpretation or ():
        for code in _codes_and_words(concept):
            if code is not None and code.strip().upper() in _INTERPRETATIONS:
                return code.strip().upper()
    return ""


def _note(whole: Observation, part: Part) -> str:
    """Notes, and what an interpretation says in words ("haemolysed")."""
    if whole.note is None and part.interpretation is None:
        return ""
    notes = [note.text for note in whole.note or () if note.text]
    notes += [concept.text for concept in part.interpretation or () if concept.text]
    return "; ".join(notes)


def _finding(whole: Observation, part: Part, when: Moment | None, preliminary: bool, lens: Lens) -> Finding:
    codes = lens.codes
    concept = part.valueCodeableConcept
    found = (
        words(concept, more=(part.valueString,)) if part.valueString is None else (part.valueString, *words(concept))
    )
    graded = severity(concept, *(part.interpretation or ()), texts=found)
    value, unit = _finding_value(part, found)
    if graded == "absent" or (isinstance(value, str) and says_absent(found)):
        value = False
    elif value is None:
        value = {"POS": True, "NEG": False}.get(_interpretation(part))
    return Finding(
        source=_ref(whole),
        matches=codes.matches(part.code),
        texts=tuple(map(without_property, words(part.code))),
        value=value,
        unit=unit,
        value_matches=codes.matches(concept),
        value_texts=words(more=(*found, *(note.text for note in whole.note or ()))),
        when=when,
        severity=graded,
        sites=words(whole.bodySite),
        preliminary=preliminary,
    )


def _finding_value(part: Part, found: tuple[str, ...]) -> tuple[bool | float | str | None, str]:
    if part.valueBoolean is not None:
        return part.valueBoolean, ""
    value, sign, _, unit, _, written = _value(part)
    if value is not None and not sign:
        return value, unit
    return (found[0] if found else written or None), ""
