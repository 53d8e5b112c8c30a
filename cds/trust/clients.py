"""The clients that may call, from the YAML file of the setting `CDS_CLIENTS`: a strict schema, every mistake with its line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from cds.errors import ClientsError
from cds.hooks.calls import Caller
from cds.hooks.languages import Language
from cds.reasoning.knowledge.nearest import did_you_mean
from cds.reasoning.knowledge.reading import Mistake, Mistakes, Strict, lines_of, read_chapter
from cds.trust.addresses import is_loopback
from cds.trust.algorithms import Algorithm
from cds.trust.keys import NotKeys, read_keys
from cds.trust.outgoing import Base

__all__ = ["Client", "read_clients"]

_DEFAULT: tuple[Algorithm, ...] = ("ES384", "RS384")


class Client(Strict):
    """One client: how it proves who it is, and what was agreed with it."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")
    iss: str = Field(min_length=1)
    tenant: str = ""
    """Where several customers share an `iss`: the `tenant` claim of this one."""
    jku: str = ""
    """URL of its key set. With `jwks` or `jwks_file` a token may name it, and it is never fetched."""
    jwks: dict[str, Any] | None = None
    jwks_file: Path | None = None
    """Relative to the file of clients."""
    algorithms: tuple[Algorithm, ...] = _DEFAULT
    fhir_servers: tuple[str, ...] = ()
    language: Language | None = None
    services: tuple[str, ...] | None = None
    system_actions: bool = False
    requests_per_second: float = Field(200, gt=0, le=1_000_000)
    """Of all processes of one machine together, like `concurrent_requests`; twice as many may come at once."""
    concurrent_requests: int = Field(64, ge=1, le=1_000_000)

    @property
    def caller(self) -> Caller:
        services = None if self.services is None else frozenset(self.services)
        return Caller(self.name, self.language, services, self.fhir_servers, self.system_actions)

    @field_validator("algorithms")
    @classmethod
    def _is_some(cls, value: tuple[Algorithm, ...]) -> tuple[Algorithm, ...]:
        if not value:
            raise ValueError("at least one algorithm is required")
        return value

    @field_validator("jku")
    @classmethod
    def _can_be_fetched(cls, value: str) -> str:
        return _secure(value) if value else value

    @field_validator("fhir_servers")
    @classmethod
    def _can_be_read(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(str(Base.parse(each)) for each in value)

    @model_validator(mode="after")
    def _has_keys(self) -> Self:
        if self.jwks is not None and self.jwks_file is not None:
            raise ValueError("'jwks' and 'jwks_file' exclude each other")
        if not self.jku and self.jwks is None and self.jwks_file is None:
            raise ValueError("one of 'jku', 'jwks' and 'jwks_file' is required")
        if self.jwks is not None:
            _check(self.jwks, self.algorithms)
        return self


class _Clients(Strict):
    clients: tuple[Client, ...]

    @field_validator("clients")
    @classmethod
    def _are_different(cls, clients: tuple[Client, ...]) -> tuple[Client, ...]:
        if not clients:
            raise ValueError("at least one client is required")
        for what, values in (
            ("name", [each.name for each in clients]),
            ("iss (and tenant)", [f"{each.iss} {each.tenant}".rstrip() for each in clients]),
        ):
            twice = [value for value, number in Counter(values).items() if number > 1]
            if twice:
                raise ValueError(f"two clients have the same {what}: {twice[0]}")
        return clients


def read_clients(file: Path, services: Iterable[str]) -> tuple[Client, ...]:
    """The clients of `file`; `services` are the ids that a client may be given.

    Raises ClientsError with everything that is wrong.
    """
    if file.suffix != ".yaml" or not file.is_file():
        raise ClientsError(f"{file}: there is no such YAML file (*.yaml)")
    try:
        clients = read_chapter(_Clients, file.stem, [file.parent]).clients
        _check_services(clients, file, services)
    except Mistakes as mistakes:
        raise ClientsError(str(mistakes)) from None
    except OSError as error:
        raise ClientsError(f"{file}: cannot be read: {error.strerror}") from None
    return tuple(each.model_copy(update={"jwks_file": _beside(file, each.jwks_file)}) for each in clients)


def _check_services(clients: Iterable[Client], file: Path, known: Iterable[str]) -> None:
    known = tuple(known)
    unknown = {each for client in clients for each in client.services or () if each not in known}
    if unknown:
        raise Mistakes(
            [
                Mistake(label, line, f"'{each}' is not a service{did_you_mean(each, known)}")
                for each in sorted(unknown)
                for label, line in lines_of(each, file.stem, [file.parent])
            ]
        )


def _beside(file: Path, other: Path | None) -> Path | None:
    return other if other is None else file.parent / other


def _check(document: object, algorithms: tuple[Algorithm, ...]) -> None:
    try:
        read_keys(document, algorithms, own=True)
    except NotKeys as error:
        raise ValueError(f"'jwks': {error}") from None


def _secure(url: str) -> str:
    """An absolute URL that nobody can read or change on its way: https, or http within this machine."""
    parts = urlsplit(url)
    schemes: tuple[Literal["https", "http"], ...] = (
        ("https", "http") if is_loopback(parts.hostname or "") else ("https",)
    )
    if parts.scheme not in schemes or not parts.hostname or parts.username or parts.fragment:
        raise ValueError(f"must be an https URL, or an http URL of this machine: {url}")
    return url
