"""A FHIR terminology server, as far as it is asked here: `ValueSet/$expand`, `CodeSystem/$validate-code`, `$lookup`.

A token is sent only over https or to this machine, and redirects are not followed, so that it never goes elsewhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Final, NamedTuple, Self
from urllib.parse import urlsplit

import aiohttp
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from cds.errors import InputError
from cds.valuesets.parameters import parameters, parts, plain_values

__all__ = ["Checked", "Expansion", "Member", "Refusal", "TerminologyServer"]

_AT_ONCE: Final = 4
"""Questions that are asked side by side: such servers are shared."""
_SECONDS: Final = 120
_PAGE: Final = 1000
_ATTEMPTS: Final = 4
_BUSY: Final = frozenset((429, 502, 503, 504))
_HERE: Final = frozenset(("localhost", "127.0.0.1", "::1"))
_FHIR: Final = "application/fhir+json"
_RETIRED: Final = {"property": "inactive", "op": "=", "value": "true"}


class Refusal(Exception):  # noqa: N818 - it is what the server does
    """The server answered, but not with what was asked for; says how, in one line."""


class _Busy(Exception):  # noqa: N818 - it is what the server is
    pass


class Member(NamedTuple):
    """A code of an expansion."""

    code: str
    display: str


class Expansion(NamedTuple):
    """The codes of a value set, and of which releases of code systems the server took them."""

    members: tuple[Member, ...]
    releases: tuple[str, ...]


class Checked(NamedTuple):
    """What the server knows of a code."""

    known: bool
    display: str = ""
    """The name that the server prefers."""
    display_is_right: bool = True
    inactive: bool = False


class _Found(NamedTuple):
    """The pages of an expansion together."""

    contains: list[Mapping[str, Any]]
    releases: tuple[str, ...]
    says_active: bool
    """Whether the server says that it has heeded activeOnly."""


class TerminologyServer:
    """Use it as an async context: it keeps its connections. Raises InputError where it cannot be used at all."""

    def __init__(self, base: str, token: str = "") -> None:
        parts = urlsplit(base)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputError("the server must be an absolute URL")
        if token and parts.scheme != "https" and parts.hostname not in _HERE:
            raise InputError("a token is sent over https only")
        self._base = base.rstrip("/")
        self._headers = {"Accept": _FHIR} | ({"Authorization": f"Bearer {token}"} if token else {})

    async def __aenter__(self) -> Self:
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._session = aiohttp.ClientSession(
            headers=self._headers, timeout=aiohttp.ClientTimeout(total=_SECONDS), raise_for_status=False
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def knows(self, system: str) -> bool:
        """Whether the server holds the code system."""
        found = await self._ask("GET", "CodeSystem", params={"url": system, "_elements": "url"})
        return bool(found.get("entry"))

    async def descendants(self, system: str, codes: Iterable[str], most: int) -> Expansion:
        """The active codes that are one of `codes` or descend from it. Raises Refusal, also for more than `most`."""
        codes = list(codes)
        found = await self._expanded([_include(system, _is_a(code)) for code in codes], most, active_only=True)
        members = {
            each["code"]: Member(each["code"], each.get("display", ""))
            for each in found.contains
            if each.get("system") == system and not each.get("abstract") and not each.get("inactive")
        }
        if members and not found.says_active:
            retired = await self._retired(system, codes, most)
            if retired >= members.keys():
                raise Refusal("all its codes are retired, or the server cannot say which are")
            members = {code: each for code, each in members.items() if code not in retired}
        return Expansion(tuple(members.values()), found.releases)

    async def _retired(self, system: str, codes: Iterable[str], most: int) -> set[str]:
        """The retired descendants, for servers that do not heed activeOnly, as HAPI. Who cannot search for them is taken
        at its word."""
        try:
            found = await self._expanded([_include(system, _is_a(code), _RETIRED) for code in codes], most)
        except Refusal:
            return set()
        return {each["code"] for each in found.contains}

    async def _expanded(self, include: list[dict[str, Any]], most: int, *, active_only: bool = False) -> _Found:
        """All pages of what `include` takes in. Raises Refusal, also for more than `most` codes."""
        value_set = {"resourceType": "ValueSet", "status": "draft", "compose": {"include": include}}
        contains: list[Mapping[str, Any]] = []
        releases: dict[str, None] = {}
        while True:
            asked = parameters(valueSet=value_set, activeOnly=active_only, count=_PAGE, offset=len(contains))
            expansion = (await self._ask("POST", "ValueSet/$expand", json=asked)).get("expansion")
            if not isinstance(expansion, dict):
                raise Refusal("the answer holds no expansion")
            page = list(_flat(expansion.get("contains", ())))
            contains += page
            releases |= dict.fromkeys(_releases(expansion, page))
            seen = len(contains)
            total = expansion.get("total", seen)
            if max(total, seen) > most:
                raise Refusal(f"{max(total, seen)} codes, more than the {most} that are allowed")
            if not page or seen >= total:
                return _Found(contains, tuple(releases), plain_values(expansion).get("activeOnly") is True)

    async def check(self, system: str, code: str, display: str) -> Checked:
        """What is known of `code`, and whether `display` is one of its names."""
        about = {"url": system, "code": code}
        found = await self._validate(about | ({"display": display} if display else {}))
        # Some servers call a wrong name a wrong code, others only remark on it, some also on a synonym or on capitals.
        wrong = bool(display) and (not found["result"] or "display" in str(found.get("message", "")).lower())
        if wrong and not found["result"]:
            found = await self._validate(about)
        if not found["result"]:
            return Checked(known=False)
        preferred = str(found.get("display", ""))
        if wrong:
            name = display.casefold()
            wrong = name != preferred.casefold() and name not in await self._synonyms(system, code)
        inactive = found.get("inactive")
        if inactive is None:
            inactive = await self._is_inactive(system, code)
        return Checked(True, preferred, not wrong, bool(inactive))

    async def _validate(self, about: Mapping[str, str]) -> dict[str, Any]:
        found = plain_values(await self._ask("POST", "CodeSystem/$validate-code", json=parameters(**about)))
        if not isinstance(found.get("result"), bool):
            raise Refusal("the answer does not say whether the code is valid")
        return found

    async def _synonyms(self, system: str, code: str) -> set[str]:
        """The other names of a code, case folded, where the server says them."""
        try:
            found = await self._lookup(system, code, property="designation")
        except Refusal:
            return set()
        return {str(part.get("value", "")).casefold() for part in parts(found, "designation")}

    async def _is_inactive(self, system: str, code: str) -> bool:
        """From the property of that name, where the server says no more by itself. Raises Refusal."""
        try:
            found = await self._lookup(system, code)
        except Refusal:
            # HAPI cannot tell a property that is a boolean, but searches for it.
            retired = await self._expanded([_include(system, _is_a(code), _RETIRED)], _PAGE)
            return any(each["code"] == code for each in retired.contains)
        return any(
            part.get("code") == "inactive" and part.get("value") in (True, "true") for part in parts(found, "property")
        )

    async def _lookup(self, system: str, code: str, **more: str) -> dict[str, Any]:
        return await self._ask("POST", "CodeSystem/$lookup", json=parameters(system=system, code=code, **more))

    async def _ask(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        """One question; again where the server is busy. Raises Refusal, and InputError where nobody answers."""
        attempts = AsyncRetrying(
            retry=retry_if_exception_type((_Busy, aiohttp.ClientConnectionError)),
            stop=stop_after_attempt(_ATTEMPTS),
            wait=wait_exponential(multiplier=0.2, max=5),
            reraise=True,
        )
        try:
            async for attempt in attempts:
                with attempt:
                    async with (
                        self._turns,
                        self._session.request(
                            method, f"{self._base}/{path}", allow_redirects=False, **options
                        ) as answer,
                    ):
                        return await _resource(answer)
        except _Busy:
            raise Refusal("the server is busy") from None
        except (aiohttp.ClientError, TimeoutError) as error:
            raise InputError(f"the server cannot be reached ({type(error).__name__})") from None
        raise AssertionError("an attempt returns or raises")


async def _resource(answer: aiohttp.ClientResponse) -> dict[str, Any]:
    if answer.status in _BUSY:
        raise _Busy
    try:
        found = await answer.json(content_type=None)
    except (ValueError, aiohttp.ClientPayloadError):
        found = None
    if not isinstance(found, dict):
        raise Refusal(f"status {answer.status}, and no FHIR")
    if answer.status != 200 or found.get("resourceType") == "OperationOutcome":
        said = [str(each.get("diagnostics") or each.get("code", "")) for each in found.get("issue", ())]
        raise Refusal(f"status {answer.status}: {'; '.join(said)[:200]}")
    return found


def _flat(contains: Iterable[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
    for each in contains:
        if each.get("code"):
            yield each
        yield from _flat(each.get("contains", ()))


def _releases(expansion: Mapping[str, Any], page: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    """`used-codesystem` and `version` are two names for the same parameter; else each code says its release."""
    said = [
        str(each["valueUri"])
        for each in expansion.get("parameter", ())
        if each.get("name") in ("used-codesystem", "version") and each.get("valueUri")
    ]
    return said or [f"{each['system']}|{each['version']}" for each in page if each.get("version")]


def _include(system: str, *filters: Mapping[str, str]) -> dict[str, Any]:
    return {"system": system, "filter": list(filters)}


def _is_a(code: str) -> dict[str, str]:
    return {"property": "concept", "op": "is-a", "value": code}
