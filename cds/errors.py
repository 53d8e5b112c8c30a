"""Every error that this service raises on purpose, and the one place that knows HTTP status and OperationOutcome.

CdsError
├── RequestError              the caller's request cannot be answered
│   ├── NotJson               400  the body is not the JSON of a CDS Hooks request
│   ├── InvalidRequest        400  a required member is missing or malformed
│   ├── WrongHook             400  the service exists, but not for this hook
│   ├── UnknownService        404
│   ├── NoSuchResource        404  no such path
│   ├── MethodNotAllowed      405
│   ├── PreconditionFailed    412  nothing true can be said without data that the request lacks (R7)
│   ├── BodyTooLarge          413
│   └── WrongMediaType        415
├── KnowledgeError            rules/ or profiles/ cannot be loaded (start-up, `cds rules check`)
├── InputError                a file given to the command line cannot be read
└── Unexpected                500  a defect of ours; says nothing about its cause

Messages are for the integrator: they name members and limits of the protocol, never a value of the request.
"""
