"""Every setting, one line of documentation each.

Read from the environment with the prefix `CDS_` (`CDS_PORT=8080`). docs/settings.md is made from here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

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
    """Number of processes that share the port."""

    language: Literal["en", "fr"] = "en"
    """Language of the cards for callers whose `Accept-Language` names neither English nor French."""

    canonical_base: str = "https://calcification-cds.example/fhir"
    """Base of the canonical URLs of our own value sets and code systems."""

    public_url: str = "http://127.0.0.1:8080"
    """URL under which callers reach this service, without a trailing slash; `source.url` of every card begins with it."""

    source_label: str = "Calcification CDS"
    """`source.label` of every card: what a clinician reads as its origin."""

    rules_folder: Path | None = None
    """Folder of the site's own rules, laid over those of the package."""

    body_limit: int = Field(default=16 * 1024 * 1024, ge=1024)
    """Largest request body, in bytes."""

    cors_origins: Names = ()
    """Origins of browser clients that may call (`https://ehr.example`), separated by commas; `*` is every origin."""

    evaluation_extension: bool = True
    """Whether answers carry the machine-readable result, `extension["calcification-cds.evaluation"]`."""

    display_limit: int = Field(default=5, ge=1)
    """Largest number of cards in one answer; critical cards are shown beyond it."""

    venous_only: bool = False
    """Whether callers ask the venous service only: it then says a suspected calciphylaxis itself (RED-1)."""

    demo: bool = False
    """Whether `GET /demo/{name}` hands out ready requests about invented patients."""

    memory: bool = True
    """Whether answers are kept for audit, feedback is taken, and what was dealt with is not shown again."""

    state_folder: Path = Path("state")
    """Folder of the journal, of the key of patients' pseudonyms and of the embedded store; local, writable, backed up."""

    store: SecretStr = SecretStr("")
    """Database of what was said: `postgresql://user:password@host/database`; empty is a SQLite file in the state folder."""

    patient_key: SecretStr = SecretStr("")
    """Key of patients' pseudonyms (HMAC-SHA256), the same on every machine; empty makes one in the state folder."""

    keep_comments: bool = False
    """Whether the words of a feedback (`userComment`) are stored; they may speak of a patient."""

    metrics_port: int | None = Field(default=None, ge=0, le=65535)
    """Port of its own for `GET /metrics` (Prometheus), on the address of `CDS_HOST`, without a token."""

    metrics_token: SecretStr = SecretStr("")
    """Bearer token for `GET /metrics` on the port of the services; without one there is no such path there."""

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value

    @field_validator("public_url", "canonical_base")
    @classmethod
    def _without_slash(cls, value: str) -> str:
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
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


_HEAD = """# Settings

<!-- Made from cds/settings.py by `python -m cds.settings`; a test compares the two. -->

Each setting is read from the environment. `cds serve` takes the first three as options too.

| variable | default | meaning |
|---|---|---|"""


if __name__ == "__main__":
    print(documentation(), end="")
