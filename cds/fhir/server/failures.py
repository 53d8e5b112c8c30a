"""Why a FHIR server gave no answer. A reason is all that is ever said of it: in the log and in the answer's extension."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["NoAnswer", "Reason"]


class Reason(StrEnum):
    """Words of the answer's extension and of the log."""

    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    ENCRYPTION = "encryption"
    """No encrypted connection, or a certificate that nobody vouches for."""
    ADDRESS_REFUSED = "address-refused"
    """The name leads to an address that outgoing calls may not go to (S9)."""
    SERVER_DOWN = "server-down"
    """It did not answer lately, and is left alone for a while."""
    INTERRUPTED = "interrupted"
    REDIRECT = "redirect"
    UNAUTHORISED = "unauthorised"
    NOT_FOUND = "not-found"
    METHOD_REFUSED = "method-refused"
    OVERLOADED = "overloaded"
    REFUSED = "refused"
    """Any other status of the client's fault."""
    SERVER_ERROR = "server-error"
    TOO_LARGE = "too-large"
    NOT_FHIR = "not-fhir"
    """No JSON, or not a resource that answers the question."""
    OPERATION_OUTCOME = "operation-outcome"
    OTHER_PATIENT = "other-patient"
    """Nothing in the answer is about the patient who was asked for."""
    NEXT_ELSEWHERE = "next-elsewhere"
    """A `next` link that leads out of the server's base."""
    NEXT_AGAIN = "next-again"
    """A `next` link that leads to a page which was read already."""
    PAGE_LIMIT = "page-limit"
    SCOPE = "scope"
    """The token is not for such data."""
    SCOPE_NARROW = "scope-narrow"
    """The token is for some of such data: nobody can say what the server left out."""
    DEFECT = "defect"
    """A mistake of ours; the log says where."""

    @property
    def forbids(self) -> bool:
        """Whether it says that we may not ask at all."""
        return self in (Reason.ADDRESS_REFUSED, Reason.SCOPE)

    @property
    def ailing(self) -> bool:
        """Whether it says that the server is ill, and not that it answered."""
        return self in _AILING


_AILING = frozenset(
    (
        Reason.TIMEOUT,
        Reason.UNREACHABLE,
        Reason.ENCRYPTION,
        Reason.INTERRUPTED,
        Reason.OVERLOADED,
        Reason.SERVER_ERROR,
    )
)


class NoAnswer(Exception):  # noqa: N818 - named for what is missing
    """A question stays without an answer. Holds no URL, no header and no byte of what came."""

    def __init__(self, reason: Reason, *, again: bool = False, after: float | None = None) -> None:
        """`again`: asking again may help, `after` so many seconds where the server says when."""
        super().__init__(str(reason))
        self.reason = reason
        self.again = again
        self.after = after
