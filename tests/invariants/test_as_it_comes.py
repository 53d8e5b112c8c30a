"""FHIR as it really comes: the demonstration patients with dirt in their records get the answers that they get without.

Each kind of dirt is a function from clean resources to the Bundle that a careless sender makes of them, with the reasons
that the answer must then give for what it did not use. docs/reading.md tells the same in words.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any, NamedTuple

import httpx
import pytest

from tests.ehr import EVALUATION
from tests.stories.telling import demo_record, demos

Resource = dict[str, Any]
SERVICES = ("soft-tissue-calcification", "chronic-venous-insufficiency")
ABSENT = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]}
DATES = ("onsetDateTime", "recordedDate", "effectiveDateTime", "performedDateTime")


class Dirt(NamedTuple):
    dirty: Callable[[list[Resource]], Any]
    reasons: tuple[str, ...] = ()
    """Of what the answer says that it did not use."""


def bundle(resources: list[Resource], kind: str = "collection", **members: Any) -> Resource:
    return {"resourceType": "Bundle", "type": kind, **members, "entry": [{"resource": each} for each in resources]}


def each_with(change: Callable[[Resource], None]) -> Callable[[list[Resource]], Any]:
    """A collection of the resources, each changed."""

    def dirty(resources: list[Resource]) -> Resource:
        for resource in resources:
            change(resource)
        return bundle(resources)

    return dirty


def concepts(value: Any) -> Iterator[Resource]:
    """Every CodeableConcept in a resource."""
    if isinstance(value, dict):
        if "coding" in value:
            yield value
        for each in value.values():
            yield from concepts(each)
    elif isinstance(value, list):
        for each in value:
            yield from concepts(each)


def extended(resource: Resource) -> None:
    for name in [each for each in resource if isinstance(resource[each], str) and each != "resourceType"]:
        resource[f"_{name}"] = ABSENT
    resource["_valueString"] = ABSENT
    resource["_deceasedDateTime"] = {"id": "x", **ABSENT}


def without_offset(resource: Resource) -> None:
    for name in DATES:
        if name in resource:
            resource[name] = resource[name].removesuffix("Z").removesuffix("+00:00")
    for name in ("performedPeriod", "effectivePeriod"):
        for end, written in resource.get(name, {}).items():
            resource[name][end] = written.removesuffix("+00:00")


def with_blanks(resource: Resource) -> None:
    if "status" in resource:
        resource["status"] = f" {resource['status'].upper()} "
    for each in concepts(resource):
        for coding in each["coding"]:
            coding["code"] = f" {coding['code']} "


def in_strings(resource: Resource) -> None:
    quantity = resource.pop("valueQuantity", None)
    if quantity is not None:
        resource["valueString"] = f"{quantity['value']} {quantity['unit']}".replace(".", ",", 1)


def in_quantities_of_strings(resource: Resource) -> None:
    if "valueQuantity" in resource:
        resource["valueQuantity"]["value"] = str(resource["valueQuantity"]["value"]).replace(".", ",")


def only_in_unit(resource: Resource) -> None:
    quantity = resource.get("valueQuantity", {})
    if quantity.pop("code", None):
        del quantity["system"]
        quantity["unit"] = quantity["unit"].lower()


def only_in_code(resource: Resource) -> None:
    resource.get("valueQuantity", {}).pop("unit", None)


def wanted_last(resource: Resource) -> None:
    for each in concepts(resource):
        each["coding"][:0] = [
            {"system": "urn:oid:1.2.3.4", "code": "LOCAL-1"},
            {"display": "a name alone"},
            {"system": "http://loinc.org"},
            {"code": "2000-8"},
            {},
        ]


def as_document(resources: list[Resource]) -> Resource:
    """As documents are: ids in the `fullUrl` only, every reference a UUID."""
    urls = {
        f"{each['resourceType']}/{each['id']}": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, each['id'])}"
        for each in resources
    }
    entries = [{"resource": {"resourceType": "Composition", "status": "final", "title": "Summary"}}]
    for each in resources:
        url = urls[f"{each['resourceType']}/{each['id']}"]
        if each["resourceType"] != "Patient":
            del each["id"]
        if "subject" in each:
            each["subject"] = {"reference": urls[each["subject"]["reference"]]}
        entries.append({"fullUrl": url, "resource": each})
    return {"resourceType": "Bundle", "type": "document", "entry": entries}


def as_transaction(resources: list[Resource]) -> Resource:
    made = bundle(resources, "transaction")
    for entry in made["entry"]:
        entry["request"] = {"method": "POST", "url": entry["resource"]["resourceType"]}
    return made


def with_an_outcome(resources: list[Resource]) -> Resource:
    hint = {"resourceType": "OperationOutcome", "issue": [{"severity": "information", "code": "informational"}]}
    made = bundle(resources, "searchset", total=len(resources))
    made["entry"].insert(0, {"resource": hint, "search": {"mode": "outcome"}})
    return made


def with_empty_entries(resources: list[Resource]) -> Resource:
    made = bundle(resources)
    made["entry"] += [{}, {"resource": None}, {"fullUrl": "urn:uuid:1"}, {"search": {"mode": "include"}}, None]
    return made


def twice(resources: list[Resource]) -> Resource:
    return bundle([*resources, *deepcopy(resources)])


def with_an_older_version(resources: list[Resource]) -> Resource:
    older = []
    for each in deepcopy(resources):
        if each["resourceType"] in {"Condition", "Observation"}:
            older.append(each | {"meta": {"versionId": "1"}, "note": [{"text": "calcinosis"}]})
    for each in resources:
        each["meta"] = {"versionId": "2"}
    return bundle([*older, *resources])


def of_others(resources: list[Resource]) -> Resource:
    others = deepcopy(resources)
    for each in others:
        each["id"] += "-other"
        if "subject" in each:
            each["subject"] = {"reference": "Patient/somebody-else"}
    return bundle([*others, *resources])


def in_error(resources: list[Resource]) -> Resource:
    errors = deepcopy([each for each in resources if each["resourceType"] != "Patient"])
    for number, each in enumerate(errors):
        each["id"] += "-error"
        written = (" entered-in-error", "Entered-In-Error", "entered-in-error\t")[number % 3]
        if each["resourceType"] == "Condition":
            each["verificationStatus"] = {"coding": [{"code": written}]}
        else:
            each["status"] = written
        if "valueQuantity" in each:
            each["valueQuantity"]["value"] *= 1.5
    return bundle([*errors, *resources])


def with_local_system_names(resource: Resource) -> None:
    names = {
        "http://loinc.org": "urn:oid:2.16.840.1.113883.6.1",
        "http://snomed.info/sct": "urn:oid:2.16.840.1.113883.6.96",
    }
    for each in concepts(resource):
        for coding in each["coding"]:
            coding["system"] = names.get(coding.get("system"), coding.get("system"))


def referring_by_url(resource: Resource) -> None:
    if "subject" in resource:
        resource["subject"]["reference"] = f"https://ehr.example/fhir/{resource['subject']['reference']}/_history/3"


def with_unknown_types(resources: list[Resource]) -> Resource:
    return bundle([{"resourceType": "Sorcery", "id": "x"}, {"resourceType": "Encounter", "id": "e"}, *resources])


DIRT = {
    "extensions on primitives": Dirt(each_with(extended)),
    "dates without an offset": Dirt(each_with(without_offset)),
    "blanks and capitals in codes": Dirt(each_with(with_blanks)),
    "numbers inside strings, with unit and decimal comma": Dirt(each_with(in_strings)),
    "quantities whose value is a string": Dirt(each_with(in_quantities_of_strings)),
    "the unit in `unit` only": Dirt(each_with(only_in_unit)),
    "the unit in `code` only": Dirt(each_with(only_in_code)),
    "several codings, the wanted one last": Dirt(each_with(wanted_last)),
    "systems by their OID": Dirt(each_with(with_local_system_names)),
    "absolute references with a version": Dirt(each_with(referring_by_url)),
    "a document of urn:uuid references": Dirt(as_document, ("type-not-read",)),
    "a transaction": Dirt(as_transaction),
    "an OperationOutcome inside a searchset": Dirt(with_an_outcome),
    "entries without a resource": Dirt(with_empty_entries),
    "every resource twice": Dirt(twice),
    "an older version of resources": Dirt(with_an_older_version, ("duplicate",)),
    "another patient's resources": Dirt(of_others, ("other-patient",)),
    "resources entered in error": Dirt(in_error, ("entered-in-error",)),
    "types that nobody reads": Dirt(with_unknown_types, ("type-not-read",)),
    "an array of resources": Dirt(lambda resources: resources),
    "a searchset in a batch-response": Dirt(lambda each: bundle([bundle(each, "searchset")], "batch-response")),
}


def answers(name: str, dirty: Callable[[list[Resource]], Any], service: httpx.Client) -> list[dict[str, Any]]:
    record = demo_record(name)
    body = {
        "hook": "patient-view",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"userId": "Practitioner/demo", "patientId": record.patient_id},
        "prefetch": {"record": dirty(deepcopy(record.resources))},
    }
    replies = [service.post(f"/cds-services/{each}", json=body) for each in SERVICES]
    assert [each.status_code for each in replies] == [200, 200]
    return [each.json() for each in replies]


@pytest.mark.parametrize("dirt", DIRT)
@pytest.mark.parametrize("name", demos())
def test_dirt_changes_no_answer(name: str, dirt: str, service: httpx.Client) -> None:
    dirty, reasons = DIRT[dirt]
    for clean, soiled in zip(answers(name, bundle, service), answers(name, dirty, service), strict=True):
        summaries = [[card["summary"] for card in each["cards"]] for each in (clean, soiled)]
        assert summaries[0] == summaries[1]
        before, after = clean["extension"][EVALUATION], soiled["extension"][EVALUATION]
        said = {each["reason"] for each in after.pop("notUsed", ())}
        known = {each["reason"] for each in before.pop("notUsed", ())}
        assert known | set(reasons) == said
        assert after == before


CREATININE = {
    "resourceType": "Observation",
    "id": "creatinine",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "14682-9"}]},
    "effectiveDateTime": "2026-02-25",
}


@pytest.mark.parametrize(
    ("unit", "read"),
    [
        *((micro, True) for micro in ("\u00b5mol/L", "\u03bcmol/L", "umol/L", "mcmol/L", "UMOL/L", "µmol / l")),
        *((other, False) for other in ("nmool/L", "")),
    ],
)
def test_every_way_to_write_micro(unit: str, read: bool, service: httpx.Client) -> None:
    added = CREATININE | {"valueQuantity": {"value": 90, "unit": unit}}
    for each in answers("metastatic-dialysis", lambda clean: bundle([*clean, added]), service):
        refused = [unused["reference"] for unused in each["extension"][EVALUATION]["notUsed"]]
        assert ("Observation/creatinine" not in refused) is read


@pytest.mark.parametrize(
    "words",
    [
        "Soft tissue calcification of the thigh",
        "Calcification des tissus mous de la cuisse",
        "CALCIFICATION DES TISSUS MOUS",
        "calcifications sous-cutanées",
        "Subcutaneous calcification",
    ],
)
def test_a_condition_in_words_alone_opens_the_service(words: str, service: httpx.Client) -> None:
    condition = {"resourceType": "Condition", "id": "words", "code": {"text": words}}
    said = answers("nothing-to-say", lambda each: bundle([*each, condition]), service)
    silent = answers("nothing-to-say", bundle, service)
    assert [each[0]["extension"][EVALUATION]["classification"] for each in (said, silent)] == [
        "INDETERMINATE",
        "NOT_APPLICABLE",
    ]
