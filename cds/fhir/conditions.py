"""Conditions become problems (ACC-1)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from cds.fhir.codes import words
from cds.fhir.lens import Lens
from cds.fhir.references import ref
from cds.fhir.resources import Age, Condition, Period
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

    What holds no code and no word of interest is left out. An encounter diagnosis older than five years is weak unless
    its twin stands in the problem list (ACC-1). `born` turns ages into dates.
    """
    accepted = lens.each(conditions, lambda each, lens: _read(each, lens, born, proposed=False))
    accepted += lens.each(proposed, lambda each, lens: _read(each, lens, born, proposed=True))
    if any(each.old_encounter for each in accepted):
        listed = {
            identity
            for each in accepted
            if _is_listed(each.condition, lens)
            for identity in _identities(each.condition, lens)
        }
        return [
            each.problem._replace(old_encounter=True)
            if each.old_encounter and listed.isdisjoint(_identities(each.condition, lens))
            else each.problem
            for each in accepted
        ]
    return [each.problem for each in accepted]


def _read(condition: Condition, lens: Lens, born: datetime | None, *, proposed: bool) -> _Read | None:
    meaning = lens.codes.meanings[bytes(condition.code)]
    names = meaning.words
    notes = [note.text for note in condition.note if note.text is not None] if condition.note else []
    if not meaning.of_interest and meaning.concept is not None and not any(map(lens.interesting, notes)):
        return None
    verification = lens.codes.statuses[bytes(condition.verificationStatus)]
    if "entered-in-error" in verification:
        lens.refuse(condition, "entered-in-error")
        return None
    if "refuted" in verification:
        codes = [each.concept for each in meaning.matches if not each.needs_text]
        recorded = lens.dates.moment(condition.recordedDate)
        lens.refuse(condition, "refuted", when=recorded, named=(*codes, *meaning.words))
        return None
    texts = words(meaning.concept, more=notes) if notes else names
    if not texts and not meaning.matches:
        lens.refuse(condition, "data-absent")
        return None
    if any(_speaks_of_family(name) for name in names):
        lens.refuse(condition, "family-history")
        return None
    recorded = lens.dates.moment(condition.recordedDate)
    if lens.dates.in_future(recorded):
        lens.refuse(condition, "future-date", when=recorded)
        return None
    onset = _onset(condition, lens, born)
    clinical = _clinical(condition, lens)
    graded, sites = condition.severity, condition.bodySite
    problem = Problem(
        source=ref(condition),
        matches=meaning.matches,
        texts=texts,
        state=_state(condition, clinical, lens),
        clinical=clinical,
        level=_level(verification),
        severity=severity(graded) if graded is not None else None,
        severity_text="; ".join(words(graded)) if graded is not None else "",
        sites=words(*sites) if sites is not None else (),
        onset=onset,
        abated=_abated(condition, lens, born),
        recorded=recorded,
        proposed=proposed,
    )
    when = recorded or onset
    old = when is not None and when.instant < lens.five_years_ago and not _is_listed(condition, lens)
    return _Read(problem, old, condition)


def _clinical(condition: Condition, lens: Lens) -> str:
    for each in lens.codes.statuses[bytes(condition.clinicalStatus)]:
        if each in _CLINICAL:
            return each
    return ""


def _is_listed(condition: Condition, lens: Lens) -> bool:
    """Whether it stands in the problem list: no category says that it was made for an encounter only."""
    categories = lens.codes.categories[bytes(condition.category)]
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


def _onset(condition: Condition, lens: Lens, born: datetime | None) -> Moment | None:
    onset = lens.dates.moment(condition.onsetDateTime, _start(condition.onsetPeriod))
    return lens.dates.past(onset or _at_age(condition.onsetAge, born))


def _abated(condition: Condition, lens: Lens, born: datetime | None) -> Moment | None:
    period = condition.abatementPeriod
    if condition.abatementDateTime is None and period is None and condition.abatementAge is None:
        return None
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


def _identities(condition: Condition, lens: Lens) -> Iterable[str]:
    meaning = lens.codes.meanings[bytes(condition.code)]
    if meaning.concept is None:
        return
    for coding in meaning.concept.coding or ():
        if coding.code:
            yield f"{coding.system}|{coding.code}"
    yield from map(fold, meaning.words[:1])
