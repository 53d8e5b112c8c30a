"""What need not be said again to the clinicians of a patient (PIT-19), answered from memory: no answer waits for a
database.

Each process has an index of its own. Feedback enters it when it is committed, what was shown when the answer leaves; what
other processes and machines took and showed is read from the store in the background. What is forgotten, for want of room
or by a restart, is said once more, until it was read again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from cds.cards.context import OFTEN, SETTLED, Before
from cds.hooks.models import Indicator
from cds.memory.records import ShownCard
from cds.reasoning.knowledge.suppression import Suppression

__all__ = ["DAY", "Dealt", "Index"]

DAY = 86_400_000
"""Milliseconds."""

_PATIENTS = 50_000
"""Patients of whom something is known."""


class Dealt(NamedTuple):
    """A card that a clinician has dealt with. Times in milliseconds."""

    patient: str
    card: str
    evidence: str
    indicator: Indicator
    outcome: str
    reason: str
    at: int


class _Silence(NamedTuple):
    until: int
    indicator: Indicator


class _Shown(NamedTuple):
    cards: frozenset[str]
    """UUIDs of those that were shown, no more of them than a site allows."""
    most: int
    indicator: Indicator


class Index:
    """By patient: evidence hash -> until when it is silent; and how often it was shown today."""

    def __init__(self, policy: Suppression, patients: int = _PATIENTS) -> None:
        self.policy = policy
        self._most = patients
        self._silent: OrderedDict[str, dict[str, _Silence]] = OrderedDict()
        self._shown: OrderedDict[str, tuple[int, dict[str, _Shown]]] = OrderedDict()

    def before(self, patient: str, now: int) -> Mapping[str, Before]:
        """By evidence hash, what need not be shown to the clinicians of `patient` at `now`."""
        silent = self._silent.get(patient, {})
        found = {key: Before(each.indicator, SETTLED) for key, each in silent.items() if each.until > now}
        if patient in self._shown:
            day, shown = self._shown[patient]
            if day == now // DAY:
                found |= {
                    key: Before(each.indicator, OFTEN) for key, each in shown.items() if len(each.cards) >= each.most
                }
        return found

    def deal(self, dealt: Iterable[Dealt]) -> None:
        """Remember what clinicians have dealt with; the same again changes nothing."""
        for each in dealt:
            days = self.policy.days(each.card, each.indicator, each.outcome, each.reason)
            if not days:
                continue
            silent = self._silent.setdefault(each.patient, {})
            until = max(each.at + days * DAY, silent[each.evidence].until if each.evidence in silent else 0)
            silent[each.evidence] = _Silence(until, each.indicator)
            self._silent.move_to_end(each.patient)
        _forget(self._silent, self._most)

    def show(self, patient: str, cards: Iterable[ShownCard], at: int) -> None:
        """Count what was shown, where a site limits it; the same card again changes nothing."""
        limited = [each for each in cards if each.card in self.policy.times]
        day, shown = self._shown.get(patient, (at // DAY, {}))
        if not limited or at // DAY < day:
            return
        if at // DAY > day:
            day, shown = at // DAY, {}
        for each in limited:
            most = self.policy.times[each.card]
            before = shown[each.evidence].cards if each.evidence in shown else frozenset[str]()
            seen = before if len(before) >= most else before | {each.uuid}
            shown[each.evidence] = _Shown(seen, most, each.indicator)
        self._shown[patient] = (day, shown)
        self._shown.move_to_end(patient)
        _forget(self._shown, self._most)


def _forget(patients: OrderedDict[str, Any], most: int) -> None:
    """Those of whom nothing new was heard for longest."""
    while len(patients) > most:
        patients.popitem(last=False)
