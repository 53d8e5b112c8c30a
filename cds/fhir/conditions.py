"""Conditions become problems (ACC-1)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from cds.fhir.codes import words
from cds.fhir.lens import Lens, status
from cds.fhir.references import ref
from cds.fhir.resources import Age, CodeableConcept, Condition, Period
from cds.fhir.severity import severity
from cds.reasoning.chart import Choice, Level, Moment, Problem
from cds.reasoning.language.text import fold

__all__ = ["read_conditions"]

_WEAK: Final = frozenset(("provisional", "differential", "unconfirmed"))
_PAST: Final = frozenset(("inactive", "remission", "resolved"))
_CLINICAL: Final = _PAST | {"active", "recurrence", "relapse"}
_FAMILY_HISTORY: Final = re.compile(
    r"(no )?(fh\b|fhx\b|family history|familial history|antecedents? famili|histoire familial|atcd famili)"
)
_DAYS: Final = {"a": 365.25, "mo": 30.4375, "wk": 7.0, "d": 1.0}
"""UCUM units of an age, in days."""


class _Read(NamedTuple):
    """An accepted Condition, before it is known whether an old encounter diagnosis has a twin."""

    problem: Problem
    old_encounter: bool
    condition: Condition


def read_conditions(
    conditions: Iterable[Condition], lens: Lens, *, proposed: Iterable[Condition] = (), born: datetime | None = None
) -> list[Problem]:
    """The problems among `conditions`, and among those that the hook proposes.

    What holds no code and no word of interest is left out. An encounter diagnosis older than five years is weak unless its twin stands in the problem list (ACC-1). `born` turns
    ages into dates.
    """
    read = [_read(each, lens, born, proposed=False) for each in conditions if _speaks(each, lens)]
    read += [_read(each, lens, born, proposed=True) for each in proposed if _speaks(each, lens)]
    accepted = [each for each in read if each is not None]
    if any(each.old_encounter for each in accepted):
        listed = {
            identity for each in accepted if _is_listed(each.condition) for identity in _identities(each.condition.code)
        }
        return [
            each.problem._replace(old_encounter=True)
            if each.old_encounter and listed.isdisjoint(_identities(each.condition.code))
            else each.problem
            for each in accepted
        ]
    return [each.problem for each in accepted]


def _speaks(condition: Condition, lens: Lens) -> bool:
    """Whether a code, a name or a note is of interest, or nothing is said at all."""
    if condition.code is None or lens.codes.meaning(condition.code) is not None:
        return True
    return any(note.text is not None and lens.interesting(note.text) for note in condition.note or ())


def _read(condition: Condition, lens: Lens, born: datetime | None, *, proposed: bool) -> _Read | None:
    verification = _statuses(condition.verificationStatus)
    if verification and verification != ("confirmed",):
        if "entered-in-error" in verification:
            lens.refuse(condition, "entered-in-error")
            return None
        if "refuted" in verification:
            codes = [each.concept for each in lens.codes.matches(condition.code) if not each.needs_text]
            named = (*codes, *words(condition.code))
            lens.refuse(condition, "refuted", when=lens.dates.moment(condition.recordedDate), named=named)
            return None
    names = words(condition.code)
    texts = words(condition.code, more=[note.text for note in condition.note]) if condition.note else names
    matches = lens.codes.matches(condition.code)
    if not texts and not matches:
        lens.refuse(condition, "data-absent")
        return None
    if any(_speaks_of_family(name) for name in names):
        lens.refuse(condition, "family-history")
        return None
    dates = lens.dates
    recorded = dates.moment(condition.recordedDate)
    if dates.in_future(recorded):
        lens.refuse(condition, "future-date", when=recorded)
        return None
    onset = _onset(condition, lens, born)
    clinical = next((each for each in _statuses(condition.clinicalStatus) if each in _CLINICAL), "")
    problem = Problem(
        source=ref(condition),
        matches=matches,
        texts=texts,
        state=_state(condition, clinical, lens),
        clinical=clinical,
        level=_level(verification),
        severity=severity(condition.severity) if condition.severity is not None else None,
        severity_text="; ".join(words(condition.severity)) if condition.severity is not None else "",
        sites=words(*condition.bodySite) if condition.bodySite is not None else (),
        onset=onset,
        abated=_abated(condition, lens, born),
        recorded=recorded,
        proposed=proposed,
    )
    when = recorded or onset
    old = when is not None and when.instant < lens.five_years_ago and not _is_listed(condition)
    return _Read(problem, old, condition)


def _is_listed(condition: Condition) -> bool:
    """Whether it stands in the problem list: no category says that it was made for an encounter only."""
    if not condition.category:
        return True
    categories = {status(coding.code) for each in condition.category for coding in each.coding or ()}
    return "problem-list-item" in categories or "encounter-diagnosis" not in categories


def _speaks_of_family(name: str) -> bool:
    lower = name.lower()
    return ("famil" in lower or "fh" in lower) and _FAMILY_HISTORY.match(fold(lower)) is not None


def _level(verification: tuple[str, ...]) -> Level:
    """A status that nobody knows counts as unconfirmed, like provisional ones."""
    if not verification or ("confirmed" in verification and _WEAK.isdisjoint(verification)):
        return "confirmed"
    return "unconfirmed"


def _state(condition: Condition, clinical: str, lens: Lens) -> Choice:
    if clinical:
        return "past" if clinical in _PAST else "active"
    return "past" if _has_abated(condition, lens) else "active"


def _has_abated(condition: Condition, lens: Lens) -> bool:
    """`abatement[x]` is there, and not merely planned."""
    if condition.abatementAge or condition.abatementString or condition.abatementBoolean:
        return True
    period = condition.abatementPeriod
    if condition.abatementDateTime is None and period is None:
        return False
    return not lens.dates.in_future(lens.dates.moment(condition.abatementDateTime, _start(period)))


def _statuses(value: CodeableConcept | str | None) -> tuple[str, ...]:
    """Every code of a status; its text where it has no code."""
    if value is None:
        return ()
    if isinstance(value, str):
        return (status(value),) if value.strip() else ()
    codes = tuple([status(coding.code) for coding in value.coding or () if coding.code])
    return codes or ((status(value.text).replace(" ", "-"),) if value.text else ())


def _onset(condition: Condition, lens: Lens, born: datetime | None) -> Moment | None:
    onset = lens.dates.moment(condition.onsetDateTime, _start(condition.onsetPeriod))
    return lens.dates.past(onset or _at_age(condition.onsetAge, born))


def _abated(condition: Condition, lens: Lens, born: datetime | None) -> Moment | None:
    period = condition.abatementPeriod
    end = period.end if period is not None else None
    abated = lens.dates.moment(condition.abatementDateTime, end, _start(period))
    return lens.dates.past(abated or _at_age(condition.abatementAge, born))


def _start(period: Period | None) -> str | None:
    return period.start if period is not None else None


def _at_age(age: Age | None, born: datetime | None) -> Moment | None:
    """The first day of an age that is given in years, months, weeks or days."""
    if age is None or age.value is None or born is None:
        return None
    days = _DAYS.get(age.code or "")
    if days is None or not 0 <= age.value * days <= 130 * 365.25:
        return None
    try:
        day = (born + timedelta(days=age.value * days)).astimezone(UTC)
    except OverflowError:  # born in the year 9999
        return None
    return Moment(day, day.date().isoformat())


def _identities(concept: CodeableConcept | None) -> Iterable[str]:
    if concept is None:
        return
    for coding in concept.coding or ():
        if coding.code:
            yield f"{coding.system}|{coding.code}"
    yield from map(fold, words(concept)[:1])
