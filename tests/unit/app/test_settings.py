from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from cds.settings import Settings, documentation

DOCS = Path(__file__).parents[3] / "docs" / "settings.md"


def test_every_setting_is_documented_in_one_line() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert "\n" not in field.description, name


def test_the_page_is_current() -> None:
    assert DOCS.read_text(encoding="utf-8") == documentation(), "run `python -m cds.settings > docs/settings.md`"


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDS_LANGUAGE", "fr")
    monkeypatch.setenv("CDS_PUBLIC_URL", "https://cds.example/base/")
    monkeypatch.setenv("CDS_CORS_ORIGINS", "https://a.example, https://b.example")
    monkeypatch.setenv("CDS_EVALUATION_EXTENSION", "false")
    settings = Settings()
    assert (settings.language, settings.public_url) == ("fr", "https://cds.example/base")
    assert settings.cors_origins == ("https://a.example", "https://b.example")
    assert settings.evaluation_extension is False


def test_equal_places_are_written_alike() -> None:
    settings = Settings.model_validate(
        {
            "fhir_servers": "https://EHR.example:443/fhir/ http://hapi:8080/fhir",
            "private_addresses": "10.1.2.3,fd00::/8",
        }
    )
    assert settings.fhir_servers == ("https://ehr.example/fhir", "http://hapi:8080/fhir")
    assert settings.private_addresses == ("10.1.2.3/32", "fd00::/8")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", 70000),
        ("workers", 0),
        ("language", "de"),
        ("public_url", "cds.example"),
        ("body_limit", 1),
        ("hots", "x"),
        ("fhir_servers", "https://ehr.example/fhir, ehr.example"),
        ("fhir_servers", "https://ehr.example/fhir?tenant=1"),
        ("private_addresses", "localhost"),
        ("private_addresses", "10.0.0.1/8"),
        ("fetch_deadline", 0),
        ("fetch_pages", 0),
        ("fetch_pause", 0),
    ],
)
def test_a_setting_that_cannot_be_is_refused(name: str, value: object) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({name: value})
