"""What a client left out of its prefetch is asked of its FHIR server, and what it sent in part is read to the end (R5).

All keys at once, within one budget. Whatever happens there is an answer: what did not come has a state that says so, and
no state but one of a complete answer is ever read as "there is none".
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from msgspec import Raw

from cds.fhir.bundles import Pages, Sent
from cds.fhir.server.answers import is_about_others, next_link, page
from cds.fhir.server.budget import Budget
from cds.fhir.server.client import FhirClient
from cds.fhir.server.exchange import Bearer
from cds.fhir.server.failures import NoAnswer, Reason
from cds.fhir.server.queries import Query, bare_id, query
from cds.fhir.server.scopes import reach
from cds.reasoning.chart import Access
from cds.trust.outgoing import Base, allowed

__all__ = ["Fetched", "Server", "Wanted", "fetch", "wanted"]

_ABSENT: Final = Raw(b"{}")
_EMPTY: Final = frozenset((b"{}", b'""'))
"""What says nothing, and is read as if it had not been sent."""
_ANY: Final = Query("")
"""Some search: of further pages it is not known which."""
_COMPLETE: Final = "complete"
_LOG = logging.getLogger(__name__)


class Server(NamedTuple):
    """The FHIR server of a request, and what the client gave with it. Never printed: it holds a token."""

    url: str
    token: str = ""
    token_patient: str = ""
    """The one patient that the token is for, "" where it does not say."""
    scope: str = ""
    """SMART scopes of the token."""

    def __repr__(self) -> str:
        return "<Server>"


class Wanted(NamedTuple):
    """What a prefetch leaves to ask for."""

    absent: Mapping[str, str]
    """Template by key."""
    unfinished: Mapping[str, Sent]
    """Pages that a client sent which say that there are more, by key."""


class Fetched(NamedTuple):
    """What fetching brought, and what it cost."""

    pages: Mapping[str, Pages] = {}
    """By key; a key that was not asked for, or not allowed to be, is not among them."""
    outcomes: Mapping[str, str] = {}
    """"complete", or the reason why not, by key."""
    refused: str = ""
    """Why nothing at all was asked for; "" otherwise."""
    seconds: float = 0.0
    queries: int = 0
    fhir_version: str = ""
    """What the server says that it speaks, such as "5.0.0"; "" where it was not asked, or does not say."""

    @property
    def failures(self) -> tuple[str, ...]:
        """Why something did not come: a word per key, or one for all of them."""
        return (self.refused,) if self.refused else tuple(each for each in self.outcomes.values() if each != _COMPLETE)

    @property
    def account(self) -> dict[str, object]:
        """For the extension of the answer. `spentMs` is new each time; the rest says what the server did."""
        if self.refused:
            return {"refused": self.refused}
        return {
            "spentMs": round(1000 * self.seconds, 1),
            "queries": self.queries,
            "pages": sum(len(each.pieces) for each in self.pages.values()),
            "outcomes": dict(self.outcomes),
        }


def wanted(templates: Mapping[str, str], prefetch: Mapping[str, Sent]) -> Wanted | None:
    """What to ask for: the advertised keys that are absent, and those whose pages go on. None: nothing."""
    absent: dict[str, str] = {}
    unfinished: dict[str, Sent] = {}
    for key, template in templates.items():
        sent = prefetch.get(key, _ABSENT)
        if isinstance(sent, Raw | bytes) and bytes(sent) in _EMPTY:
            absent[key] = template
        elif next_link(sent):
            unfinished[key] = sent
    return Wanted(absent, unfinished) if absent or unfinished else None


async def fetch(want: Wanted, server: Server, patient_id: str, bases: Iterable[Base], client: FhirClient) -> Fetched:
    """Ask for what is wanted, of `server` if `bases` allow it. Never raises for what a server does or says."""
    bases = tuple(bases)
    if not bases:
        return Fetched(refused="not-configured")
    base = allowed(server.url, bases)
    identifier = bare_id(patient_id)
    if base is None:
        return _refused("server-not-allowed")
    if not client.connections.are_open:
        return _refused("client-closed")
    if not identifier:
        return _refused("patient-id")
    if server.token_patient and bare_id(server.token_patient) != identifier:
        # such a token sees nothing of this patient, and an empty answer would be read as "there is none"
        return _refused("token-of-another-patient")
    try:
        bearer = Bearer(server.token)
    except ValueError:
        return _refused("token-malformed")
    return await _Fetching(client, base, bearer, server.scope, identifier).all_of(want)


def _refused(reason: str) -> Fetched:
    _LOG.warning("nothing was fetched: %s", reason)
    return Fetched(refused=reason)


class _Answer:
    """The answer to one key as it grows: whatever stops it, what came before is kept."""

    __slots__ = ("pieces", "reason", "refuted")

    def __init__(self, *sent: Sent) -> None:
        self.pieces: list[Sent] = list(sent)
        self.reason: Reason | None = Reason.TIMEOUT
        """Why it is incomplete; None once it is not. Until somebody says otherwise, time ran out."""
        self.refuted = False
        """What came does not answer the question."""

    @property
    def pages(self) -> Pages:
        if self.reason is None:
            ended = Access.PRESENT
        else:
            ended = Access.PARTIAL if self.pieces and not self.refuted else Access.FAILED
        return Pages(tuple(self.pieces), ended)


class _Fetching:
    """The fetching for one request."""

    def __init__(self, client: FhirClient, base: Base, bearer: Bearer, scope: str, patient_id: str) -> None:
        self._client = client
        self._base = base
        self._bearer = bearer
        self._scope = scope
        self._patient_id = patient_id
        self._budget: Budget = client.budget()
        self._answered = False

    async def all_of(self, want: Wanted) -> Fetched:
        """Every key at once, until each is complete or time is up."""
        answers = {key: _Answer() for key in want.absent} | {
            key: _Answer(sent) for key, sent in want.unfinished.items()
        }
        try:
            self._client.admit(self._base)
        except NoAnswer as failure:
            for answer in answers.values():
                answer.reason = failure.reason
            return self._fetched(answers)
        try:
            async with asyncio.timeout(self._budget.remaining), asyncio.TaskGroup() as group:
                for key, template in want.absent.items():
                    group.create_task(self._guarded(answers[key], template))
                for key in want.unfinished:
                    group.create_task(self._guarded(answers[key]))
        except TimeoutError:
            pass  # each answer says by itself how far it came
        self._report(answers)
        fetched = self._fetched(answers)
        if not self._answered:
            return fetched
        return fetched._replace(fhir_version=await self._client.capability(self._base, self._budget))

    async def _guarded(self, answer: _Answer, template: str = "") -> None:
        """One key, from the start where there is a template; what goes wrong with it never costs the others."""
        try:
            if template:
                await self._from_start(answer, query(template, self._patient_id))
            else:
                await self._further(answer, next_link(answer.pieces[0]), _ANY)
        except NoAnswer as failure:
            answer.reason = failure.reason
            self._answered |= not failure.reason.ailing
        except Exception as error:  # noqa: BLE001 - whatever it is, its words may quote the patient
            places = traceback.extract_tb(error.__traceback__)
            _LOG.error(
                "%s at %s", type(error).__name__, " < ".join(f"{at.name}:{at.lineno}" for at in reversed(places))
            )
            answer.reason = Reason.DEFECT

    async def _from_start(self, answer: _Answer, asked: Query) -> None:
        reached = reach(self._scope, asked)
        if reached == "none":
            raise NoAnswer(Reason.SCOPE)
        first = page(await self._client.ask(self._base, asked, self._bearer, self._budget), asked)
        self._answered = True
        answer.pieces.append(first.raw)
        if is_about_others(first.raw, self._patient_id) if asked.is_search else first.id != asked.id:
            answer.refuted = True
            raise NoAnswer(Reason.OTHER_PATIENT)
        await self._further(answer, first.next, asked)
        if reached == "some":
            raise NoAnswer(Reason.SCOPE_NARROW)

    async def _further(self, answer: _Answer, link: str, asked: Query) -> None:
        """Follow `next` links, within the base of the server (S9) and the limit of pages."""
        read: set[str] = set()
        while link:
            if len(answer.pieces) >= self._client.limits.pages:
                raise NoAnswer(Reason.PAGE_LIMIT)
            url = self._base.link(link)
            if url is None:
                raise NoAnswer(Reason.NEXT_ELSEWHERE)
            if url in read:
                raise NoAnswer(Reason.NEXT_AGAIN)
            read.add(url)
            found = page(await self._client.get(self._base, url, self._bearer, self._budget), asked)
            self._answered = True
            answer.pieces.append(found.raw)
            link = found.next
        answer.reason = None

    def _report(self, answers: Mapping[str, _Answer]) -> None:
        """Tell the breaker: a server answers as long as it answers anything. What we refused is none of its doing."""
        ailing = any(each.reason is not None and each.reason.ailing for each in answers.values())
        self._client.report(self._base, answered=self._answered or not ailing)

    def _fetched(self, answers: Mapping[str, _Answer]) -> Fetched:
        outcomes = {key: str(each.reason or _COMPLETE) for key, each in answers.items()}
        missed = {key: reason for key, reason in outcomes.items() if reason != _COMPLETE}
        if missed:
            _LOG.warning("fetched in part: %s", ", ".join(f"{key} {reason}" for key, reason in missed.items()))
        # what we may not ask for stays absent, or what it was; everything else has a state of its own
        pages = {key: each.pages for key, each in answers.items() if not (each.reason and each.reason.forbids)}
        return Fetched(pages, outcomes, "", self._budget.spent, self._budget.queries)
