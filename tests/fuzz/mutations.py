"""Requests as no sender should make them: real and invented records, a few of their members changed.

A mutation is three numbers: what is done, where, and with what. Hypothesis draws and shrinks the numbers; everything else
follows from them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, MutableMapping, MutableSequence
from copy import deepcopy
from functools import cache
from typing import Any, NamedTuple

from hypothesis import strategies as st

from tests.records import records
from tests.releases import RELEASES
from tests.stories.telling import demo_record, demos, order_demos, read

__all__ = ["Asked", "requests"]

Resource = dict[str, Any]
Place = tuple[Any, Any]
"""A dict or list, and the key or index in it."""

_MOST_RESOURCES = 30
_SERVICES = {
    "patient-view": ("soft-tissue-calcification", "chronic-venous-insufficiency"),
    "encounter-start": ("chronic-venous-insufficiency", "soft-tissue-calcification"),
    "problem-list-item-create": ("soft-tissue-calcification", "chronic-venous-insufficiency"),
    "order-sign": ("calcification-order-safety",),
    "order-select": ("calcification-order-safety",),
}


class Asked(NamedTuple):
    """A request that is posted to a service."""

    service: str
    body: bytes
    language: str


DATES = (
    "", " ", "0000", "0001-01-01", "9999-12-31T23:59:59+14:00", "9999-12-31", "2026-02-30", "2026-13", "2026-1-1",
    "2026-03-02T24:00:00Z", "2026-03-02T10:00", "2026-W10-1", "2026-061", "20260302", "-2026-01-01", "2026-03-02T10:00:60Z",
    "2026-03-02T10:00:00.123456789123Z", "0001-01-01T00:00:00+14:00", "2026-03-02T10:00:00+99:99", "٢٠٢٦-٠٣-٠٢", "2024-02-29",
)  # fmt: skip
_DEEP = "nested fifty thousand times"
WORDS = (
    _DEEP,
    "\x00", "\ud800", "\u202e\u0000x", "é" * 3000, "İstanbul", "ß", "ﬁbrosis", "𝒸alcification", "calcification " * 400,
    "<b>|`x`|</b>", "{n}", "{0}", "%s", "\n\n# h", "a" * 70_000, "no no not sans pas de " * 50, "'\"\\", "😀" * 300,
    "calcification des tissus mous", "1,250", "<>5", "1e999", "١٢", "½", "2²", "-", "..", "10*9/L", "µ", "μ", "5-7 mmol/L",
    "Patient/", "urn:uuid:", "#", "/_history/", "entered-in-error ", "null", "true",
)  # fmt: skip
NUMBERS = (
    0, -0.0, -1, 1, 5e-324, 1.7976931348623157e308, -1e308, 10**30, 10**400, -(10**25), 2**63, 2**64, 0.1, 1e-9, 99_999_999,
    3.5, 4.5, 12.5, 250, 1_000_000.5,
)  # fmt: skip
OTHERS: tuple[Any, ...] = (
    None, True, False, [], {}, [None], [[]], [{}], {"": None}, {"coding": None}, {"coding": [None]}, {"reference": None},
    {"value": None}, [1, "x", None], {"resourceType": "Patient"}, {"resourceType": "Bundle", "entry": [{"resource": None}]},
    {"concept": {"text": "calcification"}}, {"reference": {"reference": "#x"}}, {"text": "calcinosis"},
)  # fmt: skip
CODES: tuple[Any, ...] = tuple(
    {"coding": [{"system": system, "code": code}], "text": text}
    for system, code, text in (
        ("http://loinc.org", "2000-8", "Calcium"),
        ("http://loinc.org", "33914-3", "eGFR"),
        ("http://loinc.org", "2731-8", "PTH"),
        ("http://loinc.org", "14879-1", "Phosphate"),
        ("http://snomed.info/sct", "36348003", "primary hyperparathyroidism"),
        ("http://snomed.info/sct", "237900002", "calciphylaxis"),
        ("http://hl7.org/fhir/sid/icd-10", "N18.5", "maladie rénale chronique stade 5"),
        ("http://hl7.org/fhir/sid/icd-10-cm", "I83.0", "ulcère variqueux"),
        ("http://www.whocc.no/atc", "B01AA03", "warfarine"),
        ("http://www.whocc.no/atc", "A12AA04", "calcium carbonate"),
    )
)
MEMBERS = (
    "id", "meta", "status", "code", "subject", "patient", "category", "note", "notes", "comment", "comments", "related",
    "medication", "medicationCodeableConcept", "medicationReference", "adherence", "taken", "wasNotTaken", "value",
    "valueQuantity", "valueString", "valueBoolean", "valueInteger", "valueRatio", "valueCodeableConcept", "component",
    "referenceRange", "interpretation", "effectiveDateTime", "effectivePeriod", "issued", "onsetAge", "onsetQuantity",
    "birthDate", "contained", "dosage", "dosageInstruction", "dispenseRequest", "conclusion", "conclusionCode",
    "codedDiagnosis", "item", "event", "date", "performedPeriod", "occurrencePeriod", "notDone", "extension", "address",
    "entry", "resource", "link", "total", "doNotPerform", "priority", "reason", "reasonCode", "bodySite", "severity", "stage",
    "abatementAge", "abatementBoolean", "recordedDate", "dateRecorded", "assertedDate", "verificationStatus",
    "clinicalStatus", "unit", "system", "comparator", "coding", "text", "display", "low", "high", "type", "hasMember",
)  # fmt: skip
TYPES = (
    "Patient", "Condition", "Observation", "MedicationRequest", "MedicationStatement", "Procedure", "DiagnosticReport",
    "ServiceRequest", "Medication", "Bundle", "OperationOutcome", "MedicationOrder", "ProcedureRequest", "DiagnosticOrder",
    "ReferralRequest", "DeviceRequest", "Encounter", "Sorcery", "",
)  # fmt: skip


@cache
def _records() -> list[tuple[str, list[Resource]]]:
    """Patient and resources of every record, the small ones first."""
    found = [(each.patient_id, each.resources) for each in records().values()]
    found += [(record.patient_id, record.resources) for record in map(demo_record, demos())] * 3
    return sorted(found, key=lambda each: len(each[1]))


@cache
def _drafts() -> list[tuple[str, Resource, list[Resource]]]:
    """Patient, draft orders and record of every demonstration of order-sign."""
    asked = [read(file) for file in order_demos().values()]
    return [
        (each["context"]["patientId"], each["context"]["draftOrders"], list(_resources(each["prefetch"])))
        for each in asked
    ]


def _resources(value: Any) -> Iterator[Resource]:
    if isinstance(value, dict):
        if value.get("resourceType") not in (None, "Bundle"):
            yield value
        else:
            for each in value.values():
                yield from _resources(each)
    elif isinstance(value, list):
        for each in value:
            yield from _resources(each)


def _places(value: Any) -> Iterator[Place]:
    """Every member and every item, outermost first."""
    todo = [value]
    for each in todo:
        keys: Any = list(each) if isinstance(each, MutableMapping) else range(len(each))
        for key in keys:
            yield each, key
            if isinstance(each[key], (dict, list)):
                todo.append(each[key])


def _drop(container: Any, key: Any, _: int) -> None:
    del container[key]


def _double(container: Any, key: Any, _: int) -> None:
    value = deepcopy(container[key])
    if isinstance(container, MutableSequence):
        container.insert(key, value)
    elif isinstance(value, list):
        container[key] = [*value, *value]
    else:
        container[key] = [value, deepcopy(value)]


def _from(choices: tuple[Any, ...]) -> Callable[[Any, Any, int], None]:
    def replace(container: Any, key: Any, number: int) -> None:
        container[key] = deepcopy(choices[number % len(choices)])

    return replace


def _as_text(container: Any, key: Any, number: int) -> None:
    value = container[key]
    written = value if isinstance(value, str) else json.dumps(value)[:200]
    container[key] = (
        str(written),
        f" {written} ",
        f"<{written}",
        f"{written} mmol/l",
        written.replace(".", ","),
        written.upper(),
    )[number % 6]


def _nest(container: Any, key: Any, number: int) -> None:
    value = container[key]
    for _ in range((1, 2, 6, 100, 200)[number % 5]):
        value = (
            [value] if number % 2 else {"extension": value, "coding": [value]} if number % 5 < 2 else {"item": value}
        )
    container[key] = value


def _extend(container: Any, key: Any, number: int) -> None:
    absent = {
        "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]
    }
    if isinstance(container, MutableMapping):
        container[f"_{key}"] = (absent, [None, absent], [absent], None, "x")[number % 5]
        if number % 2:
            del container[key]


def _rename(container: Any, key: Any, number: int) -> None:
    if isinstance(container, MutableMapping):
        container[MEMBERS[number % len(MEMBERS)]] = container.pop(key)


def _add(container: Any, _: Any, number: int) -> None:
    values = (*WORDS, *NUMBERS, *OTHERS, *CODES)
    if isinstance(container, MutableMapping):
        container[MEMBERS[number % len(MEMBERS)]] = deepcopy(values[number // len(MEMBERS) % len(values)])


MUTATIONS = (
    _drop, _double, _from(DATES), _from(WORDS), _from(NUMBERS), _from(OTHERS), _from(CODES), _as_text, _nest, _extend, _rename,
    _add, _from(TYPES),
)  # fmt: skip

Numbers = tuple[int, int, int]


def _mutate(value: Any, mutations: list[Numbers]) -> None:
    for kind, where, number in mutations:
        places = list(_places(value))
        if not places:
            return
        container, key = places[where % len(places)]
        MUTATIONS[kind % len(MUTATIONS)](container, key, number)


def _bundled(resources: list[Any], shape: int) -> Any:
    """The data in one of the forms in which they may come."""
    entries = [{"fullUrl": f"urn:uuid:{number}", "resource": each} for number, each in enumerate(resources)]
    kinds = ("searchset", "collection", "document", "transaction", "batch-response")
    made: Any = {"resourceType": "Bundle", "type": kinds[shape % 5], "entry": entries}
    if shape % 7 == 1:
        return resources
    if shape % 7 == 2:
        return {**made, "entry": [{"resource": made}]}
    if shape % 7 == 3:
        return {**made, "total": 10**6, "link": [{"relation": "next", "url": "https://ehr.example/fhir?page=2"}]}
    return made


_NUMBER = st.integers(min_value=0, max_value=100_000)


@st.composite
def requests(draw: st.DrawFn) -> Asked:
    """A request about a mutated record."""
    hook = draw(st.sampled_from(sorted(_SERVICES)))
    numbers = draw(st.tuples(_NUMBER, _NUMBER, _NUMBER, _NUMBER))
    mutations = draw(st.lists(st.tuples(_NUMBER, _NUMBER, _NUMBER), min_size=1, max_size=8))
    outer = draw(st.lists(st.tuples(_NUMBER, _NUMBER, _NUMBER), max_size=2))
    drafts: Any = None
    if hook.startswith("order"):
        patient, drafts, resources = _drafts()[numbers[0] % len(_drafts())]
        drafts = deepcopy(drafts)
    else:
        known = _records()
        patient, resources = known[numbers[0] % len(known)]
    start = numbers[1] % max(1, len(resources))
    chosen = deepcopy([*resources[start:], *resources[:start]][:_MOST_RESOURCES])
    release = [lambda each: each, *RELEASES.values()][numbers[2] % 4]
    chosen = [_released(each, release) for each in chosen]
    _mutate(chosen, mutations)
    context: Resource = {"userId": "Practitioner/1", "patientId": patient, "encounterId": "e"}
    if drafts is not None:
        _mutate(drafts, mutations)
        context["draftOrders"] = drafts
        if hook == "order-select":
            context["selections"] = [f"{each.get('resourceType')}/{each.get('id')}" for each in _resources(drafts)]
    elif hook == "problem-list-item-create":
        context["conditions"] = _bundled(chosen[: len(chosen) // 2], 0)
    body: Resource = {
        "hook": hook,
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": context,
        "prefetch": {("record", "conditions", "laboratory", "orders")[numbers[3] % 4]: _bundled(chosen, numbers[3])},
    }
    _mutate(body, outer)
    # A lone surrogate can only be written as an escape; what is nested too deeply cannot be written from here at all.
    text = json.dumps(body, ensure_ascii=draw(st.booleans())).encode("utf-8", "replace")
    text = text.replace(json.dumps(_DEEP).encode(), b"[" * 50_000 + b"]" * 50_000)
    return Asked(draw(st.sampled_from(_SERVICES[hook])), text, draw(st.sampled_from(("en", "fr"))))


def _released(resource: Resource, release: Callable[[Resource], Resource]) -> Resource:
    try:
        return release(deepcopy(resource))
    except (KeyError, TypeError, IndexError):  # real data need not have what the demonstration patients have
        return resource
