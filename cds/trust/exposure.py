"""Whether a service may listen where it was told to: an open service serves its own machine only, unless told so."""

from __future__ import annotations

from cds.errors import InputError
from cds.settings import Settings
from cds.trust.addresses import is_loopback

__all__ = ["exposure"]


def exposure(settings: Settings) -> str:
    """What whoever starts the service must know about who can call it; "" where callers are asked who they are.

    Raises InputError where nobody said that everybody may call, and where that was said of a service with clients.
    """
    if settings.clients is not None:
        if settings.auth == "off":
            raise InputError("CDS_AUTH=off contradicts CDS_CLIENTS: remove one of them")
        return ""
    if is_loopback(settings.host):
        return (
            "No clients are configured (CDS_CLIENTS): callers are not asked who they are; this machine only is served."
        )
    if settings.auth == "on":
        raise InputError(
            f"will not listen on {settings.host} without knowing who calls: name the clients (CDS_CLIENTS), "
            "or say CDS_AUTH=off to serve everybody"
        )
    return f"WARNING: CDS_AUTH=off: whoever can reach {settings.host} can call, and is not asked who it is."
