"""Observations become measurements (laboratory, body height) and findings (signs, classes, indices) (ACC-4, LAB-1 to 5).

Most Observations of a chart are neither; they are left as soon as code and words say so. Most of the others are
ordinary results: they are read in one go (`_ordinary`), and whatever is not ordinary is judged step by step (`_read`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cds.fhir.codes import AMBIGUOUS, Interpretation, Meaning, status, without_property, words
from cds.fhir.lens import Lens
from cds.fhir.quantities import NO_VALUE, UCUM, Value, of_quantity, of_ratio, of_words, said
from cds.fhir.resources import NOTHING, Annotation, Component, Observation
from cds.fhir.severity import says_absent, severity
from cds.fhir.terminology import LabCode
from cds.fhir.units import Converted
from cds.fhir.values import shown
from cds.fhir.versions import observation_as_r4
from cds.fhir.written import Unreadable
from cds.reasoning.chart import Finding, Measurement, Moment, Reason, Ref

__all__ = ["read_observations"]

_FINAL: Final = frozenset(("final", "amended", "corrected"))

Part = Observation | Component


def read_observations(observations: Iterable[Observation], lens: Lens) -> tuple[list[Measurement], list[Finding]]:
    """What `observations` say; what is refused goes to `lens`, what is of no interest goes nowhere.

    An ordinary result is final, dated, and a number in a unit against which nothing can be said: it becomes a
    measurement here, in as few steps as possible. Every other Observation is judged step by step.
    """
    measurements: list[Measurement] = []
    findings: list[Finding] = []
    meanings, moments, latest = lens.codes.meanings, lens.dates.read, lens.dates.latest
    for whole in observations:
        try:
            meaning = meanings[bytes(whole.code)]
            lab, scales = meaning.lab, meaning.scales
            quantity, written = whole.valueQuantity, whole.effectiveDateTime
            if (
                (lab is not None and scales is not None and quantity is not None and written is not None)
                and (whole.status in _FINAL and whole.dataAbsentReason is None and quantity.comparator is None)
                and (whole.note is None and whole.component is None)
                and (whole.comment is None and whole.comments is None)
            ):
                value, unit, code = quantity.value, quantity.unit, quantity.code
                # Where unit and code are written alike, it does not matter whether the code is UCUM.
                spelling = unit if unit and (unit == code or not code or quantity.system not in UCUM) else code or ""
                scale, when = scales[spelling], moments[written]
                if (
                    value.__class__ is float
                    and scale.low < value < scale.high
                    and when is not None
                    and when.instant <= latest
                ):
                    meta = whole.meta
                    source = Ref("Observation", whole.id or "", (meta.versionId or "") if meta is not None else "")
                    low, high, flag, note = None, None, "", ""
                    if whole.referenceRange is not NOTHING:
                        low, high = lens.ranges[bytes(whole.referenceRange), spelling, lab.lab, lab.loinc]
                    if whole.interpretation is not NOTHING:
                        said = lens.codes.interpretations[bytes(whole.interpretation)]
                        flag, note = said.code, said.note
                    # fmt: off
                    measurements.append(Measurement(
                        source, lab.lab, lab.loinc, lab.property, value * scale.factor, scale.unit, when,
                        (value, unit or code or ""), "", low, high, flag, "", note, False, lab.rank,
                    ))
                    # fmt: on
                    continue
            _judge(whole, meaning, lens, measurements, findings)
        except Unreadable:
            lens.refuse(whole, "unreadable")
    return measurements, findings


def _judge(
    whole: Observation, meaning: Meaning, lens: Lens, measurements: list[Measurement], findings: list[Finding]
) -> None:
    """Read `whole` and its components where code, value or notes are of interest."""
    if whole.comment is not None or whole.comments is not None or whole.related is not None:
        whole = observation_as_r4(whole)
    if meaning.of_interest or _speaks(whole, whole.note, lens):
        _read(whole, whole, meaning, lens, measurements, findings)
    for part in whole.component or ():
        meaning = lens.codes.meanings[bytes(part.code)]
        if meaning.of_interest or _speaks(part, None, lens):
            _read(whole, part, meaning, lens, measurements, findings)


def _speaks(part: Part, notes: list[Annotation] | None, lens: Lens) -> bool:
    """Whether a value in codes or words, or a note, is of interest although the code is not."""
    if part.valueCodeableConcept is not NOTHING and lens.codes.meanings[bytes(part.valueCodeableConcept)].of_interest:
        return True
    if part.valueString is not None and lens.interesting(part.valueString):
        return True
    return notes is not None and any(note.text is not None and lens.interesting(note.text) for note in notes)


def _read(
    whole: Observation,
    part: Part,
    meaning: Meaning,
    lens: Lens,
    measurements: list[Measurement],
    findings: list[Finding],
) -> None:
    """Accept `part` of `whole`, the whole itself or a component, by status and date (ACC-4)."""
    state = status(whole.status)
    when = _when(whole, lens)
    lab = meaning.lab
    datum: Measurement | Finding | Reason
    if state not in _FINAL and state != "preliminary":
        datum = "entered-in-error" if state == "entered-in-error" else "status"
    elif part.dataAbsentReason is not None:
        datum = "data-absent"
    elif lens.dates.in_future(when):
        datum = "future-date"
    elif lab is None:
        if _is_panel(whole, part, lens):
            return
        datum = _finding(whole, part, meaning, when, state == "preliminary", lens)
    elif when is None:
        datum = "no-date"
    else:
        datum = _measure(whole, part, lab, when, state == "preliminary", lens)
    if isinstance(datum, Measurement):
        measurements.append(datum)
    elif isinstance(datum, Finding):
        findings.append(datum)
    elif lab is None:
        lens.refuse(whole, datum, when=when)
    elif datum != "data-absent" or not _is_panel(whole, part, lens):
        lens.refuse(whole, datum, lab=lab.lab, written=_value(part, lens)[-1], when=when)


def _when(whole: Observation, lens: Lens) -> Moment | None:
    """ACC-4: effective date, or the end of the period, or when it was issued; else the start of the period."""
    if whole.effectiveDateTime is not None:
        when = lens.dates.moment(whole.effectiveDateTime)
        if when is not None:
            return when
    period = whole.effectivePeriod
    if period is None:
        return lens.dates.moment(whole.effectiveInstant, whole.issued)
    return lens.dates.moment(whole.effectiveInstant, period.end, whole.issued, period.start)


def _is_panel(whole: Observation, part: Part, lens: Lens) -> bool:
    """Whether this only groups others: it has parts, and no value of its own."""
    return part is whole and bool(whole.component or whole.hasMember) and not _has_value(part, lens)


def _has_value(part: Part, lens: Lens) -> bool:
    return not (
        part.valueQuantity is None
        and part.valueString is None
        and part.valueBoolean is None
        and part.valueInteger is None
        and part.valueRatio is None
        and lens.codes.meanings[bytes(part.valueCodeableConcept)].concept is None
    )


def _value(part: Part, lens: Lens) -> Value:
    quantity = part.valueQuantity
    if quantity is not None and quantity.value is not None:
        return of_quantity(quantity)
    if part.valueString is not None:
        return of_words(part.valueString)
    if part.valueInteger is not None:
        return part.valueInteger, "", "", "", "", shown(part.valueInteger)
    meaning = lens.codes.meanings[bytes(part.valueCodeableConcept)]
    if meaning.concept is not None:
        coded = meaning.words or [coding.code for coding in meaning.concept.coding or () if coding.code]
        return said(coded[0]) if coded else NO_VALUE
    if part.valueBoolean is not None:
        return said("positive" if part.valueBoolean else "negative")
    return of_ratio(part.valueRatio) if part.valueRatio is not None else NO_VALUE


def _measure(
    whole: Observation, part: Part, lab: LabCode, when: Moment, preliminary: bool, lens: Lens
) -> Measurement | Reason:
    """The measurement, or the reason why there is none."""
    if lab is AMBIGUOUS:
        return "ambiguous-code"
    if lab.ignored:
        return "race-term"
    value, sign, ucum, unit, said, written = _value(part, lens)
    interpretation = _interpretation(part, lens)
    amount = low = high = None
    doubt = ""
    if value is None:
        if not said and not interpretation.code:
            return "data-absent"
        if lab.lab not in lens.worded and any(map(str.isdecimal, said)):
            return "unreadable"
    elif sign is None:
        return "unreadable"
    else:
        converted = lens.units.convert(lab.lab, value, ucum, unit, lab.loinc)
        if isinstance(converted, Converted):
            amount, _, doubt = converted
            low, high = lens.ranges[bytes(part.referenceRange), ucum or unit, lab.lab, lab.loinc]
        elif lab.lab in lens.worded:
            said = written.lower()
        else:
            return converted.reason
    return Measurement(
        source=_ref(whole),
        lab=lab.lab,
        loinc=lab.loinc,
        property=lab.property,
        value=amount,
        unit=lens.unit[lab.lab],
        when=when,
        reported=written or interpretation.code,
        comparator=sign or "",
        low=low,
        high=high,
        interpretation=interpretation.code,
        words=said,
        note=_note(whole, interpretation),
        preliminary=preliminary,
        rank=lab.rank,
        doubt=doubt,
    )


def _ref(whole: Observation) -> Ref:
    meta = whole.meta
    return Ref("Observation", whole.id or "", (meta.versionId or "") if meta is not None else "")


def _interpretation(part: Part, lens: Lens) -> Interpretation:
    return lens.codes.interpretations[bytes(part.interpretation)]


def _note(whole: Observation, interpretation: Interpretation) -> str:
    """Notes, and what an interpretation says in words ("haemolysed")."""
    if whole.note is None:
        return interpretation.note
    notes = [note.text for note in whole.note if note.text]
    return "; ".join([*notes, interpretation.note] if interpretation.note else notes)


def _finding(
    whole: Observation, part: Part, meaning: Meaning, when: Moment | None, preliminary: bool, lens: Lens
) -> Finding:
    said = lens.codes.meanings[bytes(part.valueCodeableConcept)]
    interpretation = _interpretation(part, lens)
    found = said.words if part.valueString is None else (part.valueString, *said.words)
    graded = severity(said.concept, *interpretation.concepts, texts=found)
    value, unit = _finding_value(part, found, lens)
    if graded == "absent" or (isinstance(value, str) and says_absent(found)):
        value = False
    elif value is None:
        value = {"POS": True, "NEG": False}.get(interpretation.code)
    return Finding(
        source=_ref(whole),
        matches=meaning.matches,
        texts=tuple(map(without_property, meaning.words)),
        value=value,
        unit=unit,
        value_matches=said.matches,
        value_texts=words(more=(*found, *(note.text for note in whole.note or ()))),
        when=when,
        severity=graded,
        sites=words(whole.bodySite),
        preliminary=preliminary,
    )


def _finding_value(part: Part, found: tuple[str, ...], lens: Lens) -> tuple[bool | float | str | None, str]:
    if part.valueBoolean is not None:
        return part.valueBoolean, ""
    value, sign, _, unit, _, written = _value(part, lens)
    if value is not None and not sign:
        return value, unit
    return (found[0] if found else written or None), ""
