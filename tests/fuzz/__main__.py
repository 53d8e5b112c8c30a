"""`python -m tests.fuzz MINUTES`: fuzz for so many minutes of processor time, with examples that no run had before.

Prints how many requests were asked. What fails is shrunk by Hypothesis and written to tests/fuzz/found/; the command
then exits with 1.
"""

from __future__ import annotations

import secrets
import sys
import time
from hashlib import sha256
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from cds.consult import Consultant
from cds.settings import Settings
from tests.fuzz.mutations import Asked, requests
from tests.fuzz.oracle import check, check_over_http
from tests.serving import serving

FOUND = Path(__file__).parent / "found"
ROUND = 400
"""Examples of one round; one in so many of the next goes over the wire."""
WIRE = 10


def main(minutes: float) -> int:
    consultant = Consultant.load(Settings())
    first = secrets.randbelow(10**9)
    counts = {"asked": 0, "answered": 0, "over the wire": 0}
    last: list[Asked] = []
    with serving() as client:

        @settings(
            max_examples=ROUND,
            database=None,
            deadline=None,
            derandomize=False,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate, Phase.shrink],
        )
        @given(requests())
        def one(asked: Asked) -> None:
            last[:] = [asked]
            counts["asked"] += 1
            counts["answered"] += check(consultant, asked)
            if counts["asked"] % WIRE == 0:
                counts["over the wire"] += 1
                check_over_http(client, asked)

        rounds = 0
        while time.process_time() < minutes * 60:
            try:
                seed(first + rounds)(one)()
            except Exception:
                FOUND.mkdir(exist_ok=True)
                file = FOUND / f"{last[0].service}-{last[0].language}-{sha256(last[0].body).hexdigest()[:8]}.json"
                file.write_bytes(last[0].body)
                print(f"{counts}; seed {first + rounds}: {file.name}")
                raise
            rounds += 1
    print(f"{time.process_time() / 60:.1f} minutes of processor time, {rounds} rounds from seed {first}: {counts}")
    return 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 10))
