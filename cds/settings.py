"""Every setting, one line of documentation each.

Read from the environment with the prefix `CDS_` (`CDS_PORT=8080`). docs/settings.md is made from here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from cds.trust.outgoing import Base, networks

__all__ = ["Settings", "documentation"]

Names = Annotated[tuple[str, ...], NoDecode]
"""In the environment: names separated by commas or blanks."""


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="CDS_", frozen=True, extra="forbid", use_attribute_docstrings=True)

    host: str = "127.0.0.1"
    """Address to listen on; the default is reachable from this machine only."""

    port: int = Field(default=8080, ge=0, le=65535)
    """Port to listen on; 0 takes any free one."""

    workers: int = Field(default=1, ge=1, le=64)
    """Number of processes that share the port; they count together what a client may call (docs/security.md)."""

    language: Literal["en", "fr"] = "en"
    """Language of the cards for callers whose `Accept-Language` names neither English nor French."""

    canonical_base: str = "https://calcification-cds.example/fhir"
    """Base of the canonical URLs of our own value sets and code systems."""

    public_urls: Names = ("http://127.0.0.1:8080",)
    """URLs under which callers reach this service: the `aud` of a token begins with one of them, `source.url` of every card with the first."""

    source_label: str = "Calcification CDS"
    """`source.label` of every card: what a clinician reads as its origin."""

    rules_folder: Path | None = None
    """Folder of the site's own rules, laid over those of the package."""

    profiles_folder: Path | None = None
    """Folder of the site's own value sets (`valuesets/`), laid over those of the package file by file."""

    body_limit: int = Field(default=16 * 1024 * 1024, ge=1024)
    """Largest request body, in bytes."""

    cors_origins: Names = ()
    """Origins of browser clients that may call (`https://ehr.example`), separated by commas; `*` is every origin."""

    fhir_servers: Names = ()
    """Base URLs of the FHIR servers that may be asked for what a prefetch lacks, and all below them; none: nothing is fetched."""

    private_addresses: Names = ()
    """Networks and addresses beyond the public internet that may be called (`127.0.0.0/8, 10.1.2.3`); http goes only there."""

    fetch_deadline: int = Field(default=400, ge=1, le=60_000)
    """Milliseconds that fetching may take for one request, whatever its FHIR server does."""

    fetch_pages: int = Field(default=10, ge=1, le=1000)
    """Pages that are read of one search."""

    fetch_answer_limit: int = Field(default=8 * 1024 * 1024, ge=1024)
    """Largest page that is taken from a FHIR server, in bytes, decompressed."""

    fetch_limit: int = Field(default=32 * 1024 * 1024, ge=1024)
    """Largest number of bytes that are fetched for one request, decompressed."""

    fetch_failures: int = Field(default=5, ge=1)
    """Requests in a row that a FHIR server leaves without any answer before it is left alone for a while."""

    fetch_pause: float = Field(default=30, gt=0)
    """Seconds for which it is left alone before one request tries it again."""

    evaluation_extension: bool = True
    """Whether answers carry the machine-readable result, `extension["calcification-cds.evaluation"]`."""

    display_limit: int = Field(default=5, ge=1)
    """Largest number of cards in one answer; critical cards are shown beyond it."""

    venous_only: bool = False
    """Whether callers ask the venous service only: it then says a suspected calciphylaxis itself (RED-1)."""

    demo: bool = False
    """Whether `GET /demo/{name}` hands out ready requests about invented patients."""

    clients: Path | None = None
    """YAML file of the clients that may call (docs/security.md); without it, this machine alone is served."""

    auth: Literal["on", "off"] = "on"
    """`off` serves everybody without asking who it is, on any address; it contradicts `CDS_CLIENTS`."""

    token_lifetime: int = Field(default=300, ge=1, le=86400)
    """Longest time between `iat` and `exp` of a client's token, in seconds."""

    memory: bool = True
    """Whether answers are kept for audit, feedback is taken, and what was dealt with is not shown again."""

    state_folder: Path = Path("state")
    """Folder of what must outlive a restart (journal, keys of pseudonyms, used tokens, embedded store); local, backed up."""

    store: SecretStr = SecretStr("")
    """Database that machines share: `postgresql://user:password@host/database`; empty is a SQLite file in the state folder."""

    patient_key: SecretStr = SecretStr("")
    """Key of patients' pseudonyms (HMAC-SHA256), the same on every machine; empty makes one in the state folder."""

    keep_comments: bool = False
    """Whether the words of a feedback (`userComment`) are stored; they may speak of a patient."""

    metrics_port: int | None = Field(default=None, ge=0, le=65535)
    """Port of its own for `GET /metrics` (Prometheus), on the address of `CDS_HOST`, without a token."""

    metrics_token: SecretStr = SecretStr("")
    """Bearer token for `GET /metrics` on the port of the services; without one there is no such path there."""

    @property
    def public_url(self) -> str:
        """The first of the URLs under which callers reach this service."""
        return self.public_urls[0]

    @field_validator("cors_origins", "fhir_servers", "private_addresses", "public_urls", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value

    @field_validator("fhir_servers")
    @classmethod
    def _are_bases(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(str(Base.parse(each)) for each in value)

    @field_validator("private_addresses")
    @classmethod
    def _are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(str, networks(value)))

    @field_validator("public_urls")
    @classmethod
    def _are_urls(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError("must name at least one URL")
        return tuple(map(_without_slash, value))

    @field_validator("canonical_base")
    @classmethod
    def _is_url(cls, value: str) -> str:
        return _without_slash(value)


def _without_slash(value: str) -> str:
    if not value.startswith(("https://", "http://")):
        raise ValueError("must be an absolute URL")
    return value.rstrip("/")


def documentation() -> str:
    """docs/settings.md: a row for every setting, with the name in the environment, the default and what it means."""
    rows = [
        f"| `CDS_{name.upper()}` | {_default(field.get_default())} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join([_HEAD, *rows, ""])


def _default(value: object) -> str:
    if isinstance(value, SecretStr):
        value = value.get_secret_value() or None
    if value is None or value == ():
        return "none"
    if isinstance(value, tuple):
        return f"`{','.join(value)}`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


_HEAD = """# Settings

<!-- Made from cds/settings.py by `python -m cds.settings`; a test compares the two. -->

Each setting is read from the environment. `cds serve` takes the first three as options too.

| variable | default | meaning |
|---|---|---|"""


if __name__ == "__main__":
    print(documentation(), end="")
