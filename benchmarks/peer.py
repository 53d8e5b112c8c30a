"""The peer: a patient-view service with the healthchain package, doing nothing. Runs in an environment of its own."""

from __future__ import annotations

import sys

import uvicorn
from healthchain.gateway import CDSHooksService, HealthChainAPI
from healthchain.models import CDSRequest
from healthchain.models.responses.cdsresponse import CDSResponse

app = HealthChainAPI(title="peer")
service = CDSHooksService()


@service.hook("patient-view", id="peer")
def handle(request: CDSRequest) -> CDSResponse:  # noqa: ARG001 - the package looks at the signature
    return CDSResponse(cards=[])


app.register_service(service)

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error")
