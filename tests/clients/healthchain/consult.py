"""consult.py CDS_BASE FOLDER: what a user of the healthchain package does with its sandbox. Runs in an environment of its own.

FOLDER holds one prefetch per file, named after the id of its patient. Prints what the package made of discovery, and for
each patient and service what its sandbox got; an answer that the package's models do not take fails here.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import httpx
from healthchain.models.responses.cdsdiscovery import CDSServiceInformation
from healthchain.models.responses.cdsresponse import CDSResponse
from healthchain.sandbox import SandboxClient

__all__ = ["main"]


def main() -> None:
    base, folder = sys.argv[1], Path(sys.argv[2])
    services = CDSServiceInformation.model_validate(httpx.get(f"{base}/cds-services").json()).services
    answers = [
        {"patient": file.stem, "service": service.id, "known": known, "answer": _answer(base, service.id, file, known)}
        for file in sorted(folder.glob("*.json"))
        for service in services
        if service.hook == "patient-view"
        for known in (True, False)
    ]
    print(json.dumps({"services": [each.model_dump() for each in services], "answers": answers}))


def _answer(base: str, service: str, file: Path, known: bool) -> object:
    """What the sandbox got; unless the patient is `known` to it, it asks with random ids, as it does by itself."""
    client = SandboxClient(url=f"{base}/cds-services/{service}", workflow="patient-view").load_from_path(file)
    if known:
        client.requests[0].context.patientId = file.stem
        client.requests[0].context.userId = "Practitioner/example"
    (answer,) = client.send_requests()
    # The sandbox hands on what its models do not take, and {} for an error.
    return (
        CDSResponse.model_validate_json(json.dumps(answer)).model_dump(mode="json", exclude_none=True) if answer else {}
    )


if __name__ == "__main__":
    main()
