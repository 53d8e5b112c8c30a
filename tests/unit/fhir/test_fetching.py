"""Fetching by itself, against real servers: what it leaves behind, and what stops it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from email.utils import formatdate
from typing import Any, TypeVar

import msgspec
import pytest

from cds.fhir.bundles import Pages, Resources, Sent
from cds.fhir.fetching import Fetched, Server, Wanted, fetch, wanted
from cds.fhir.resources import AnyResource
from cds.fhir.server.breaker import Breaker
from cds.fhir.server.budget import Budget, Limits
from cds.fhir.server.client import FhirClient
from cds.fhir.server.exchange import Bearer
from cds.fhir.server.failures import NoAnswer, Reason
from cds.reasoning.chart import Access
from cds.trust.outgoing import Base, networks
from tests.servers.faults import FAULTS, PATIENT, faulty_server, searchset
from tests.servers.records import Records
from tests.servers.sockets import Answering, Asked, HttpServer, answer, http_server, resource
from tests.stories.telling import demo_record

T = TypeVar("T")
WANT = Wanted({"patient": "Patient/{{context.patientId}}", "conditions": "Condition?patient={{context.patientId}}"}, {})
LOOPBACK = networks(["127.0.0.0/8"])
RECORD = demo_record("metastatic-dialysis")


def client(seconds: float = 5.0, **more: Any) -> FhirClient:
    return FhirClient(Limits(seconds=seconds, **more), LOOPBACK)


def within(fhir: FhirClient, work: Callable[[], Awaitable[T]]) -> T:
    """`work` with open connections. Asserts that it leaves no task and no connection in use behind."""

    async def run() -> T:
        before = asyncio.all_tasks()
        async with fhir.connections:
            found = await work()
            assert asyncio.all_tasks() == before
            for session in fhir.connections._sessions.values():
                assert not session.connector._acquired  # type: ignore[union-attr]
        await asyncio.sleep(0)
        return found

    return asyncio.run(run())


def fetched(fhir: FhirClient, base: str, want: Wanted = WANT, patient: str = PATIENT, token: str = "") -> Fetched:
    bases = [Base.parse(base)]
    return within(fhir, lambda: fetch(want, Server(base, token), patient, bases, fhir))


@pytest.fixture(scope="module")
def faulty() -> Iterator[tuple[HttpServer, dict[str, str]]]:
    with faulty_server("http://127.0.0.1:1") as running:
        yield running


@pytest.mark.slow
@pytest.mark.parametrize("name", FAULTS)
def test_no_fault_leaves_a_task_or_a_connection_behind(
    faulty: tuple[HttpServer, dict[str, str]], name: str, caplog: pytest.LogCaptureFixture
) -> None:
    server, bases = faulty
    fault = FAULTS[name]
    found = fetched(client(0.5 if fault.outcome == "timeout" else 5), bases[name])
    assert found.outcomes["conditions"] == fault.outcome
    assert found.pages["conditions"].ended == fault.state
    assert len(found.pages["conditions"].pieces) == fault.pages
    assert server.is_at_rest()
    assert "Unclosed" not in caplog.text
    assert "never retrieved" not in caplog.text


def test_a_caller_that_goes_away_takes_everything_with_it(faulty: tuple[HttpServer, dict[str, str]]) -> None:
    server, bases = faulty
    base, fhir = bases["never answers"], client(60)

    async def impatient() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await fetch(WANT, Server(base), PATIENT, [Base.parse(base)], fhir)

    within(fhir, impatient)
    assert server.is_at_rest()


def test_connections_are_used_again() -> None:
    with http_server(Records(RECORD)) as server:
        fhir, base = client(), Base.parse(server.base)

        async def thrice() -> list[Fetched]:
            return [await fetch(WANT, Server(server.base), RECORD.patient_id, [base], fhir) for _ in range(3)]

        found = within(fhir, thrice)
    assert [set(each.outcomes.values()) for each in found] == [{"complete"}] * 3
    assert len(server.asked_for_data) == 6
    assert server.connections == 2


def test_of_several_addresses_one_that_may_be_called_is() -> None:
    """`localhost` is ::1, too, on most machines; only 127.0.0.0/8 is named here."""
    with http_server(Records(RECORD)) as server:
        base = server.base.replace("127.0.0.1", "localhost")
        assert set(fetched(client(), base, patient=RECORD.patient_id).outcomes.values()) == {"complete"}


def test_a_server_that_is_not_there_is_unreachable() -> None:
    with http_server(Records(RECORD)) as server:
        pass
    found = fetched(client(), server.base)
    assert set(found.outcomes.values()) == {"unreachable"}
    assert found.queries == 6, "each is tried three times"


def test_a_dead_server_is_left_alone_and_tried_again() -> None:
    time = [0.0]
    fhir = FhirClient(Limits(), LOOPBACK, Breaker(failures=2, pause=30), clock=lambda: time[0])
    with http_server(Records(RECORD)) as server:
        port = int(server.origin.rpartition(":")[2])
    said = [next(iter(fetched(fhir, server.base).outcomes.values())) for _ in range(3)]
    assert said == ["unreachable", "unreachable", "server-down"]
    with http_server(Records(RECORD), port):
        assert fetched(fhir, server.base, patient=RECORD.patient_id).outcomes["conditions"] == "server-down"
        time[0] = 31
        assert fetched(fhir, server.base, patient=RECORD.patient_id).outcomes["conditions"] == "complete"


LONG = Wanted({"conditions": "Condition?patient={{context.patientId}}&code=" + ",".join(["2000-8"] * 400)}, {})


@pytest.mark.parametrize(
    ("want", "ways", "methods"),
    [
        (WANT, {}, ["GET", "GET"]),
        (WANT, {"takes_get": False}, ["GET", "POST", "POST"]),
        (LONG, {}, ["POST", "POST"]),
        (LONG, {"takes_post": False}, ["POST", "GET", "POST", "GET"]),
        (LONG, {"takes_post": False, "takes_get": False}, ["POST", "GET", "POST", "GET"]),
    ],
)
def test_how_a_server_is_searched_twice(want: Wanted, ways: dict[str, bool], methods: list[str]) -> None:
    want = want._replace(absent={"conditions": want.absent["conditions"]})
    with http_server(Records(RECORD, **ways)) as server:  # type: ignore[arg-type]
        fhir = client()
        outcomes = {fetched(fhir, server.base, want, RECORD.patient_id).outcomes["conditions"] for _ in range(2)}
    assert [each.method for each in server.asked_for_data] == methods
    assert outcomes == {"complete" if len(ways) < 2 else "method-refused"}


def _then(first: Callable[[Asked], bytes], then: bytes) -> Answering:
    """Answers a target the first time with `first`, later with `then`."""
    seen: set[str] = set()

    async def say(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(then if asked.target in seen else first(asked))
        seen.add(asked.target)

    return say


SEARCHES = Wanted({"conditions": "Condition?patient={{context.patientId}}"}, {})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("after", "date", "outcome"),
    [
        (formatdate(1_000_000_001, usegmt=True), formatdate(1_000_000_000, usegmt=True), "complete"),
        (formatdate(1_000_000_000, usegmt=True), formatdate(1_000_000_500, usegmt=True), "complete"),
        (formatdate(1_000_000_600, usegmt=True), formatdate(1_000_000_000, usegmt=True), "overloaded"),
        (formatdate(1_000_000_001, usegmt=True), "", "overloaded"),
        ("5.5", formatdate(1_000_000_000, usegmt=True), "overloaded"),
        ("9" * 5000, "", "overloaded"),
    ],
)
def test_a_date_to_come_back_at_is_the_servers_own(after: str, date: str, outcome: str) -> None:
    busy = resource({}, 429, {"Retry-After": after} | ({"Date": date} if date else {}))
    with http_server(_then(lambda _: busy, resource(searchset("Condition")))) as server:
        assert fetched(client(4), server.base, SEARCHES).outcomes == {"conditions": outcome}


def test_all_answers_together_have_a_limit() -> None:
    page = answer(msgspec.json.encode(searchset("Condition")) + b" " * 3000)

    async def say(_: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(page)

    keys = {f"key{number}": "Condition?patient={{context.patientId}}" for number in range(4)}
    with http_server(say) as server:
        found = fetched(client(answer_bytes=4000, total_bytes=8000), server.base, Wanted(keys, {}))
    assert sorted(found.outcomes.values()) == ["complete", "complete", "too-large", "too-large"]


def test_only_so_many_servers_are_remembered() -> None:
    """A base that is allowed may hold any number of others: what is known of the oldest is forgotten."""
    fhir = FhirClient(Limits(), breaker=Breaker(failures=1))
    first = Base("https://ehr.example", "/first")
    fhir.report(first, answered=False)
    with pytest.raises(NoAnswer, match="server-down"):
        fhir.admit(first)
    for number in range(1024):
        fhir.admit(Base("https://ehr.example", f"/tenant-{number}"))
    fhir.admit(first)


def test_a_version_is_asked_for_once() -> None:
    with http_server(Records(RECORD)) as server:
        fhir, base = client(), Base.parse(server.base)

        async def twice() -> list[str]:
            return [await fhir.capability(base, fhir.budget()) for _ in range(2)]

        assert within(fhir, twice) == ["4.0.1", "4.0.1"]
    assert [each.path for each in server.asked] == ["/fhir/metadata"]
    assert "authorization" not in server.asked[0].headers


@pytest.mark.parametrize("name", ["never answers", "500", "HTML", "an outcome"])
def test_a_server_that_does_not_say_its_version_has_none(faulty: tuple[HttpServer, dict[str, str]], name: str) -> None:
    fhir, base = client(0.3), Base.parse(faulty[1][name])
    assert within(fhir, lambda: fhir.capability(base, fhir.budget())) == ""


def test_a_token_that_would_break_a_header_is_not_sent() -> None:
    with http_server(Records(RECORD)) as server:
        for token in ("a\r\nX: y", "a b", "é", "a\0"):
            found = fetched(client(), server.base, token=token)
            assert found.account == {"refused": "token-malformed"}
        assert server.asked == []


def test_nothing_that_holds_a_token_prints_it() -> None:
    server = Server("https://ehr.example/fhir?Zyxwvut", "Zyxwvut", "Zyxwvut")
    for each in (server, Bearer("Zyxwvut"), NoAnswer(Reason.TIMEOUT), Budget(Limits(), lambda: 0.0)):
        assert "Zyxwvut" not in repr(each) + str(each)
    with pytest.raises(ValueError, match="printable") as raised:
        Bearer("Zyxwvut\n")
    assert "Zyxwvut" not in str(raised.value)


def test_closed_connections_ask_nothing() -> None:
    base = "http://127.0.0.1:1/fhir"
    found = asyncio.run(fetch(WANT, Server(base), PATIENT, [Base.parse(base)], client()))
    assert found.account == {"refused": "client-closed"}


def test_a_defect_of_ours_costs_its_key_only_and_says_where(caplog: pytest.LogCaptureFixture) -> None:
    """No server can be made to cause one: here it is a template that is not a string."""
    broken = Wanted({**WANT.absent, "reports": _Unusable("Zyxwvut")}, {})
    with http_server(Records(RECORD)) as server:
        found = fetched(client(), server.base, broken, RECORD.patient_id)
    assert found.outcomes == {"patient": "complete", "conditions": "complete", "reports": "defect"}
    assert found.pages["reports"] == Pages((), Access.FAILED)
    assert "LookupError at" in caplog.text
    assert "Zyxwvut" not in caplog.text


class _Unusable(str):
    __slots__ = ()

    def partition(self, _: str) -> Any:  # type: ignore[override]
        raise LookupError(str(self))

    def replace(self, *_: Any) -> Any:
        return self


def _decoded_where_it_can_be(raw: bytes) -> Sent:
    try:
        return msgspec.json.decode(raw, type=AnyResource | None)  # type: ignore[no-any-return]
    except msgspec.MsgspecError:
        return msgspec.Raw(raw)


NEXT = b'{"resourceType":"Bundle","link":[{"relation":"next","url":"https://ehr.example/fhir?page=2"}]}'


@pytest.mark.parametrize(
    ("sent", "absent", "unfinished"),
    [
        ({}, {"a", "b"}, set()),
        ({"a": b"null", "b": b"null"}, set(), set()),
        ({"a": b"{}", "b": b'""'}, {"a", "b"}, set()),
        ({"a": b'{"resourceType":"Bundle"}', "b": b'{"resourceType":"OperationOutcome"}'}, set(), set()),
        ({"a": NEXT, "b": b"null", "other": NEXT}, set(), {"a"}),
        (
            {"a": b'{"resourceType":"Bundle","id":"next"}', "b": b'{"resourceType":"Bundle","link":{"next":1}}'},
            set(),
            set(),
        ),
        ({"a": b'{"resourceType":"Bundle","link":["next",{"relation":"next"}]}', "b": b"null"}, set(), set()),
    ],
)
@pytest.mark.parametrize("decode", [msgspec.Raw, _decoded_where_it_can_be], ids=["text", "decoded"])
def test_what_is_asked_for(
    sent: dict[str, bytes], absent: set[str], unfinished: set[str], decode: Callable[[bytes], Sent]
) -> None:
    prefetch = {key: decode(raw) for key, raw in sent.items()}
    want = wanted({"a": "Patient/1", "b": "Patient/2"}, prefetch)
    if not absent and not unfinished:
        assert want is None
    else:
        assert want is not None
        assert (set(want.absent), set(want.unfinished)) == (absent, unfinished)


def _page(*numbers: int, **members: Any) -> bytes:
    entries = [searchset("Condition", number)["entry"][0] for number in numbers]
    return msgspec.json.encode({"resourceType": "Bundle", "entry": entries, **members})


LINK = [{"relation": "next", "url": "x"}]
FAILED = {"resource": {"resourceType": "OperationOutcome", "issue": [{"severity": "error"}]}}


@pytest.mark.parametrize(
    ("pages", "ended", "state"),
    [
        ([_page(1, link=LINK), _page(2)], Access.PRESENT, Access.PRESENT),
        ([_page(1, total=2, link=LINK), _page(2, total=2)], Access.PRESENT, Access.PRESENT),
        ([_page(1, total=3, link=LINK), _page(2, total=3)], Access.PRESENT, Access.PARTIAL),
        ([_page()], Access.PRESENT, Access.NONE),
        ([_page(total=1)], Access.PRESENT, Access.PARTIAL),
        ([_page(1, link=LINK)], Access.PARTIAL, Access.PARTIAL),
        ([_page(1), _page(2)[:-30]], Access.PARTIAL, Access.PARTIAL),
        (
            [_page(1, link=LINK), msgspec.json.encode({"resourceType": "Bundle", "entry": [FAILED]})],
            Access.PRESENT,
            Access.FAILED,
        ),
        ([_page(1)], Access.FAILED, Access.FAILED),
        ([], Access.FAILED, Access.FAILED),
    ],
)
def test_the_pages_of_an_answer_are_read_together(pages: list[bytes], ended: Access, state: Access) -> None:
    opened = Resources()
    assert opened.open_pages(Pages(tuple(pages), ended)) is state
    assert len(opened.conditions) + len(opened.unread) >= sum(b'"Condition"' in each for each in pages)
