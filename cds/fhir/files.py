"""What the command line is given: a CDS Hooks request, or the record of one patient in any form.

A Bundle of any type, a single resource, an array, one resource per line (NDJSON), or a folder of such files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
from msgspec import Raw

from cds.errors import InputError
from cds.fhir.bundles import Resources

__all__ = ["Record", "load"]

_SHAPE: Final = msgspec.json.Decoder(dict[str, Raw] | list[Raw])
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_AT_BYTE: Final = re.compile(r"\(byte (\d+)\)")
_SUFFIXES: Final = frozenset((".json", ".ndjson", ".jsonl"))


class Record(NamedTuple):
    """The data of one patient, as `Reader.read` takes them; or the request that a file holds."""

    resources: Mapping[str, Raw]
    patient_id: str
    request: bytes | None = None
    """The whole body, when the file is a CDS Hooks request: it says itself which patient and which data."""


def load(source: bytes | Path, patient: str | None = None) -> Record:
    """The record in a file, a folder, or the bytes of a standard input.

    The patient is the only one in the data, or `patient`. Raises InputError with one line that says what is wrong:
    nothing there, broken JSON, no patient, several patients.
    """
    pieces: dict[str, Raw] = {}
    for name, content in _contents(source):
        piece = _read(name, content)
        if isinstance(piece, bytes):
            if isinstance(source, Path) and source.is_dir():
                raise InputError(f"{name}: a CDS Hooks request is a file of its own, not one of a folder")
            return Record({}, "", piece)
        pieces[name] = piece
    return Record(pieces, _patient(pieces, patient))


def _contents(source: bytes | Path) -> Iterator[tuple[str, bytes]]:
    if isinstance(source, bytes):
        yield "the input", source
        return
    files = [source]
    if source.is_dir():
        files = sorted(file for file in source.rglob("*") if file.suffix.lower() in _SUFFIXES and file.is_file())
        if not files:
            raise InputError(f"{source}: no JSON file is in this folder")
    for file in files:
        try:
            yield str(file), file.read_bytes()
        except FileNotFoundError:
            raise InputError(f"{file}: no such file or folder") from None
        except OSError as error:
            raise InputError(f"{file}: {(error.strerror or 'cannot be read').lower()}") from None


def _read(name: str, content: bytes) -> Raw | bytes:
    """The resources in a text; the text itself when it is a CDS Hooks request."""
    content = content.removeprefix(_BYTE_ORDER_MARK)
    if not content.strip():
        raise InputError(f"{name}: is empty")
    try:
        content.decode()
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: is not UTF-8 ({_place(content, error.start)})") from None
    try:
        shape = _SHAPE.decode(content)
    except msgspec.ValidationError:
        raise InputError(f"{name}: holds no FHIR resource and no CDS Hooks request") from None
    except (msgspec.DecodeError, RecursionError) as error:
        lines = _lines(content)
        if lines is None:
            raise InputError(f"{name}: {_complaint(content, error)}") from None
        return Raw(b"[" + b",".join(_checked(name, number, line) for number, line in lines) + b"]")
    if isinstance(shape, dict) and "hook" in shape and "resourceType" not in shape:
        return content
    if isinstance(shape, dict) and "resourceType" not in shape:
        raise InputError(f"{name}: holds no FHIR resource and no CDS Hooks request")
    return Raw(content)


def _lines(content: bytes) -> list[tuple[int, bytes]] | None:
    """The numbered lines of NDJSON; None when the first one is not JSON by itself."""
    lines = [(number, line) for number, line in enumerate(content.split(b"\n"), 1) if line.strip()]
    try:
        _SHAPE.decode(lines[0][1])
    except (ValueError, RecursionError):
        return None
    return lines if len(lines) > 1 else None


def _checked(name: str, number: int, line: bytes) -> bytes:
    try:
        _SHAPE.decode(line)
    except RecursionError:
        raise InputError(f"{name}: line {number} is nested too deeply") from None
    except ValueError as error:
        at = _AT_BYTE.search(str(error))
        column = f", column {int(at[1]) + 1}" if at else ""
        raise InputError(f"{name}: broken JSON in line {number}{column}") from None
    return line


def _complaint(content: bytes, error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "is nested too deeply"
    at = _AT_BYTE.search(str(error))
    return f"broken JSON in {_place(content, int(at[1]) if at else len(content))}"


def _place(content: bytes, at: int) -> str:
    before = content[:at]
    newline = b"\n"
    return f"line {before.count(newline) + 1}, column {at - before.rfind(newline)}"


def _patient(pieces: Mapping[str, Raw], chosen: str | None) -> str:
    opened = Resources()
    for piece in pieces.values():
        opened.open(piece)
    found = sorted({each.resource.id or "" for each in opened.patients})
    where = next(iter(pieces)) if len(pieces) == 1 else "the data"
    if chosen is not None:
        if chosen not in found:
            raise InputError(f"{where}: the chosen patient is not among the data")
        return chosen
    if not found:
        raise InputError(f"{where}: no patient (a Patient resource) is in it")
    if len(found) > 1:
        raise InputError(f"{where}: holds {len(found)} patients; choose one with --patient")
    if not found[0]:
        raise InputError(f"{where}: the Patient has no id")
    return found[0]
