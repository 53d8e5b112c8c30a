"""The body of a feedback call becomes `Feedback` (F1): all of it, or none."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Literal

import msgspec

from cds.errors import InvalidRequest, NotJson

__all__ = ["MOST", "Feedback", "decode_feedback"]

MOST = 1_000
"""Items of one message."""
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_PATH = re.compile(r"at `\$([.\w\[\]]*)`")


class _Incoming(msgspec.Struct, frozen=True, rename="camel"):
    """Base of what is read. Unknown members are ignored (R4)."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class _Suggestion(_Incoming, frozen=True, rename="camel"):
    id: str


class _Coding(_Incoming, frozen=True, rename="camel"):
    code: str | None = None
    system: str | None = None


class _Reason(_Incoming, frozen=True, rename="camel"):
    reason: _Coding | None = None
    user_comment: str | None = None
    user_comments: str | None = None


class _Item(_Incoming, frozen=True, rename="camel"):
    card: str
    outcome: Literal["accepted", "overridden"]
    outcome_timestamp: str | None = None
    accepted_suggestions: list[_Suggestion] | None = None
    override_reason: _Reason | None = None


class _Body(_Incoming, frozen=True, rename="camel"):
    feedback: list[_Item]


class Feedback(msgspec.Struct, frozen=True, kw_only=True):
    """What a clinician did with one card. Never printed: a comment may speak of a patient."""

    card: str
    """UUID, in small letters."""
    outcome: Literal["accepted", "overridden"]
    at: datetime | None
    """When, with a time zone; None when the client does not say."""
    suggestions: tuple[str, ...] = ()
    """Of those accepted: UUIDs, in small letters."""
    code: str = ""
    """Of the override reason; "" without one."""
    system: str = ""
    comment: str = ""

    def __repr__(self) -> str:
        return "<Feedback>"


_BODY = msgspec.json.Decoder(_Body)


def decode_feedback(body: bytes) -> list[Feedback]:
    """Every item of `body`. Raises NotJson, InvalidRequest (naming the member); the values are never repeated."""
    try:
        items = _BODY.decode(body).feedback
    except msgspec.ValidationError as error:
        found = _PATH.search(str(error))
        raise InvalidRequest(f"`feedback` cannot be read{f' at `{found[1][1:]}`' if found else ''}") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise NotJson("the body must be JSON") from None
    except RecursionError:
        raise NotJson("the body is nested too deeply") from None
    if len(items) > MOST:
        raise InvalidRequest(f"`feedback` must not have more than {MOST} items")
    return [_feedback(item, f"feedback[{place}]") for place, item in enumerate(items)]


def _feedback(item: _Item, where: str) -> Feedback:
    if not _UUID.fullmatch(item.card):
        raise InvalidRequest(f"`{where}.card` must be the UUID of a card")
    accepted = [each.id for each in item.accepted_suggestions or ()]
    if not all(map(_UUID.fullmatch, accepted)):
        raise InvalidRequest(f"`{where}.acceptedSuggestions` must name suggestions by their UUIDs")
    why = item.override_reason
    coded = why.reason if why and why.reason and why.reason.code else None
    comment = (why.user_comment or why.user_comments or "") if why else ""
    if item.outcome == "accepted" and not accepted:
        raise InvalidRequest(f"`{where}.acceptedSuggestions` is required where the outcome is accepted")
    if why and not coded and not comment:
        raise InvalidRequest(f"`{where}.overrideReason` must have a reason or a userComment")
    return Feedback(
        card=item.card.lower(),
        outcome=item.outcome,
        at=_time(item.outcome_timestamp, where) if item.outcome_timestamp else None,
        suggestions=tuple(sorted({each.lower() for each in accepted})),
        code=(coded.code or "") if coded else "",
        system=(coded.system or "") if coded else "",
        comment=comment,
    )


def _time(text: str, where: str) -> datetime:
    try:
        at = msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        raise InvalidRequest(f"`{where}.outcomeTimestamp` must be a date and time") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
