"""What remembering costs, in processor time per request, beside what the answer costs: `python -m benchmarks.memory`.

Processor time of the process (the thread that writes into SQLite included), the best of several rounds: the figures that
depend least on what else the machine does.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from benchmarks.servers import running_clock
from cds.consult import Consultant
from cds.hooks.calls import ANONYMOUS, Answer, Call, Seen
from cds.hooks.models import Response
from cds.hooks.requests import decode
from cds.hooks.services import discovery
from cds.operations.logs import CallLog
from cds.operations.metrics import Metrics
from cds.operations.witness import Finished
from cds.remembered import Remembered
from cds.settings import Settings
from tests.clock import NOW
from tests.ehr import request_body
from tests.stories.telling import demo_record

_ROUNDS = 8
_TIMES = 500


def best(run: Callable[[], object], times: int = _TIMES) -> float:
    """Microseconds of processor time."""
    rounds = []
    for _ in range(_ROUNDS):
        started = time.process_time()
        for _ in range(times):
            run()
        rounds.append((time.process_time() - started) / times)
    return min(rounds) * 1e6


async def measure(folder: Path) -> None:
    consultant = Consultant.load(Settings())
    service = consultant.services[0]
    advertised = msgspec.to_builtins(discovery(consultant.services))["services"][0]
    body = json.dumps(request_body(demo_record("metastatic-dialysis"), advertised)).encode()
    request = decode(body)
    remembered = Remembered.of(Settings(state_folder=folder), consultant, running_clock())
    metrics, log = Metrics(remembered.memory), CallLog()
    call = Call(service, request, "en", ANONYMOUS)
    full = consultant.consult(call, NOW)._replace(patient=remembered.patient(request))
    await remembered.memory.start()
    running = remembered.memory.running
    assert running is not None
    for name, answer in (
        ("three cards", full),
        ("nothing to say", Answer(Response(cards=[]), full.prefetch, patient=full.patient)),
    ):
        call = Finished(Seen(service, request=request, answer=answer), 200, 0.001)
        figures = {
            "looked up before the answer": best(lambda: remembered.dismissed(remembered.patient(request))),
            "written down before it leaves": best(lambda call=call: remembered.told(call)),  # type: ignore[misc]
            "figures": best(lambda call=call: metrics.told(call)),  # type: ignore[misc]
            "log line": best(lambda call=call: log.told(call)),  # type: ignore[misc]
        }
        journeys = []
        for _ in range(_ROUNDS):
            await running.drain.run()
            for _ in range(_TIMES):
                remembered.told(call)
            started = time.process_time()
            await running.drain.run()
            journeys.append((time.process_time() - started) / _TIMES * 1e6)
        figures["carried to the store later"] = min(journeys)
        for what, microseconds in figures.items():
            print(f"| {name} | {what} | {microseconds:.0f} |", file=sys.stderr)
    print(
        f"| three cards | the answer | {best(lambda: consultant.consult(Call(service, decode(body), 'en', ANONYMOUS), NOW), 50):.0f} |",
        file=sys.stderr,
    )
    await remembered.memory.stop()


def main() -> None:
    sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - where the log lines go
    with TemporaryDirectory() as folder:
        asyncio.run(measure(Path(folder)))


if __name__ == "__main__":
    main()
