"""The orders that are being written become drafts (ORD-0a, ORD-0b)."""

from __future__ import annotations

from typing import Any

import pytest

from cds.fhir.reading import Reader, Reading
from cds.reasoning.chart import Draft
from tests.unit.fhir.resources_by_hand import (
    LOINC,
    NOW,
    PATIENT,
    SNOMED,
    bundle,
    concept,
    patient,
    raw,
    refused,
    resource,
)

ATC = "http://www.whocc.no/atc"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
WARFARIN = concept("Warfarin 5 mg", (ATC, "B01AA03", "warfarin"))
PTH = concept("PTH", (LOINC, "2731-8"))


def medicine(identifier: str | None = "m1", **members: Any) -> dict[str, Any]:
    members = {"status": "draft", "intent": "order", "medicationCodeableConcept": WARFARIN, **members}
    return resource("MedicationRequest", identifier, **members)


def service(identifier: str | None = "s1", **members: Any) -> dict[str, Any]:
    return resource("ServiceRequest", identifier, **{"status": "draft", "intent": "order", "code": PTH, **members})


def device(identifier: str | None = "d1", **members: Any) -> dict[str, Any]:
    members = {"status": "draft", "intent": "order", "codeCodeableConcept": concept("Bas de contention"), **members}
    return resource("DeviceRequest", identifier, **members)


def read(
    reader: Reader, *drafts: Any, record: tuple[Any, ...] = (), selections: list[str] | None = None, **bundled: Any
) -> Reading:
    sent = {"data": raw(bundle(patient(), *record))}
    return reader.read(
        sent, PATIENT, NOW, orders=raw(bundle(*drafts, kind="collection", **bundled)), selections=selections
    )


def only(reading: Reading) -> Draft:
    (draft,) = reading.chart.drafts
    return draft


def concepts(draft: Draft) -> set[str]:
    return {match.concept for match in draft.matches if not match.needs_text}


def test_a_medicine(reader: Reader) -> None:
    dosage = {"text": "1 le soir", "route": concept("Oral", (SNOMED, "26643006")), "site": concept("mouth")}
    draft = only(read(reader, medicine(dosageInstruction=[dosage], priority="urgent", note=[{"text": "relais"}])))
    assert (draft.kind, draft.resource_id, str(draft.source)) == ("MedicationRequest", *["MedicationRequest/m1"] * 2)
    assert concepts(draft) == {"vitamin-k-antagonist"}
    assert draft.texts == ("Warfarin 5 mg", "warfarin")
    assert (draft.route, draft.sites, draft.priority) == ("oral; 26643006", ("mouth",), "urgent")
    assert draft.note == "relais; 1 le soir"
    assert draft.coded
    assert draft.selected
    assert draft.renewal_of_days is None


def test_a_service_request_of_stu3_is_one(reader: Reader) -> None:
    now, before = (only(read(reader, service(resourceType=kind))) for kind in ("ServiceRequest", "ProcedureRequest"))
    assert (before.kind, before.resource_id) == ("ServiceRequest", "ProcedureRequest/s1")
    assert before._replace(source=now.source, resource_id=now.resource_id) == now


MEDICATION = {
    "resourceType": "Medication",
    "id": "med",
    "code": WARFARIN,
    "form": concept("Tablet", (SNOMED, "385055001")),
}
R5_MEDICATION = {
    "resourceType": "Medication",
    "id": "med",
    "doseForm": concept("Tablet", (SNOMED, "385055001")),
    "ingredient": [{"item": {"concept": WARFARIN}}],
}


@pytest.mark.parametrize(
    "members",
    [
        {"medicationReference": {"reference": "#med"}, "contained": [MEDICATION]},
        {"medicationReference": {"reference": "#med"}, "contained": [{"resourceType": "Substance"}, R5_MEDICATION]},
        {"medication": {"concept": WARFARIN}},
        {"medication": {"reference": {"reference": "#med"}}, "contained": [R5_MEDICATION]},
        {"medicationReference": {"reference": "Medication/elsewhere", "display": "Coumadine"}},
    ],
)
def test_a_medicine_may_be_named_in_many_places(reader: Reader, members: dict[str, Any]) -> None:
    draft = only(read(reader, medicine(medicationCodeableConcept=None, **members)))
    assert concepts(draft) == {"vitamin-k-antagonist"}
    assert ("tablet" in draft.route) == ("contained" in members)


def test_a_medicine_bundled_beside_its_order_or_in_the_record(reader: Reader) -> None:
    order = medicine(medicationCodeableConcept=None, medicationReference={"reference": "Medication/med"})
    assert concepts(only(read(reader, order, MEDICATION))) == {"vitamin-k-antagonist"}
    assert concepts(only(read(reader, order, record=(MEDICATION,)))) == {"vitamin-k-antagonist"}


def test_a_bundled_medication_by_the_url_of_its_entry(reader: Reader) -> None:
    entry = {"fullUrl": "urn:uuid:0aae7ee1", "resource": {**MEDICATION, "id": None}}
    order = medicine(medicationCodeableConcept=None, medicationReference={"reference": "urn:uuid:0aae7ee1"})
    sent = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": order}, entry]}
    reading = reader.read({}, PATIENT, NOW, orders=raw(sent))
    assert concepts(only(reading)) == {"vitamin-k-antagonist"}


@pytest.mark.parametrize("code", [(ATC, "B01AA03"), (RXNORM, "11289"), None])
def test_atc_rxnorm_and_name_say_the_same(reader: Reader, code: tuple[str, str] | None) -> None:
    written = concept("warfarin") if code is None else concept(None, code)
    draft = only(read(reader, medicine(medicationCodeableConcept=written)))
    assert concepts(draft) == {"vitamin-k-antagonist"}
    assert draft.coded == (code == (ATC, "B01AA03"))


def test_a_service(reader: Reader) -> None:
    draft = only(
        read(
            reader,
            service(
                bodySite=[concept("jambe gauche")],
                priority="stat",
                reasonCode=[concept("Suivi")],
                reasonReference=[{"reference": "Condition/1", "display": "Calcinose"}],
                orderDetail=[concept("à jeun")],
                note=[{"text": "contrôle"}],
            ),
        )
    )
    assert (draft.kind, draft.resource_id) == ("ServiceRequest", "ServiceRequest/s1")
    assert (draft.labs, draft.loincs, draft.texts) == (("pth-intact",), ("2731-8",), ("PTH",))
    assert (draft.sites, draft.priority) == (("jambe gauche",), "stat")
    assert draft.note == "Suivi; Calcinose; contrôle; à jeun"


def test_a_service_of_r5(reader: Reader) -> None:
    reasons = [{"concept": concept("Suivi")}, {"reference": {"reference": "Condition/1", "display": "Calcinose"}}]
    details = [{"parameterFocus": {"concept": concept("x")}, "parameter": []}]
    draft = only(read(reader, service(code={"concept": PTH}, reason=reasons, orderDetail=details)))
    assert (draft.labs, draft.loincs, draft.texts) == (("pth-intact",), ("2731-8",), ("PTH",))
    assert draft.note == "Suivi; Calcinose"


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"codeCodeableConcept": None, "code": {"concept": concept("Bas de contention")}},
        {"codeCodeableConcept": None, "codeReference": {"reference": "Device/1", "display": "Bas de contention"}},
        {
            "codeCodeableConcept": None,
            "codeReference": {"reference": "#dev"},
            "contained": [5, {"resourceType": "Device", "id": "dev", "type": concept("Bas de contention")}],
        },
        {
            "codeCodeableConcept": None,
            "code": {"reference": {"reference": "#dev"}},
            "contained": [{"resourceType": "Device", "id": "dev", "type": [concept("Bas de contention")]}],
        },
        {
            "codeCodeableConcept": None,
            "codeReference": {"reference": "#dev"},
            "contained": [{"resourceType": "Device", "id": "dev", "deviceName": [{"name": "Bas de contention"}]}],
        },
    ],
)
def test_a_device(reader: Reader, members: dict[str, Any]) -> None:
    draft = only(read(reader, device(**members)))
    assert (draft.kind, draft.resource_id, draft.texts) == ("DeviceRequest", "DeviceRequest/d1", ("Bas de contention",))


def test_other_types_are_ignored(reader: Reader) -> None:
    reading = read(
        reader, {"resourceType": "NutritionOrder", "id": "n"}, {"resourceType": "VisionPrescription"}, patient()
    )
    assert reading.chart.drafts == ()
    assert refused(reading) == []


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (medicine("x", status="cancelled"), "status"),
        (medicine("x", status="stopped"), "status"),
        (service("x", status="revoked"), "status"),
        (service("x", doNotPerform=True), "status"),
        (service("x", status="entered-in-error"), "entered-in-error"),
        (
            device(
                "x",
                modifierExtension=[
                    {"url": "http://hl7.org/fhir/StructureDefinition/request-doNotPerform", "valueBoolean": True}
                ],
            ),
            "status",
        ),
        (medicine("x", medicationCodeableConcept={}), "data-absent"),
        (service("x", code=None), "data-absent"),
        ({**service("x"), "subject": {"reference": "Patient/other"}}, "other-patient"),
        ({**service("x"), "code": 5}, "unreadable"),
    ],
)
def test_what_is_not_ordered_here_is_said(reader: Reader, order: dict[str, Any], reason: str) -> None:
    reading = read(reader, order, service("s1"))
    assert [draft.resource_id for draft in reading.chart.drafts] == ["ServiceRequest/s1"]
    assert refused(reading) == [(f"{order['resourceType']}/x", reason)]


@pytest.mark.parametrize("status", ["draft", "active", "on-hold", None])
def test_any_other_status_is_an_order(reader: Reader, status: str | None) -> None:
    assert only(read(reader, medicine(status=status, doNotPerform=False))).selected


@pytest.mark.parametrize(
    "sent", ["Bundle", [], 5, {"resourceType": "Bundle", "entry": 5}, {"entry": [{"resource": {"id": 5}}]}]
)
def test_what_cannot_be_read_is_said(reader: Reader, sent: Any) -> None:
    reading = reader.read({}, PATIENT, NOW, orders=raw(sent))
    assert reading.chart.drafts == ()
    assert [reason for _, reason in refused(reading)] == ["unreadable"]


def test_a_broken_entry_costs_no_other(reader: Reader) -> None:
    sent = bundle(medicine(), None, kind="collection")
    sent["entry"] += [5, {}, {"resource": {"resourceType": "ServiceRequest", "id": "<b>", "code": 5}}]
    reading = reader.read({}, PATIENT, NOW, orders=raw(sent))
    assert only(reading).resource_id == "MedicationRequest/m1"
    assert refused(reading) == [("Resource", "unreadable"), ("ServiceRequest", "unreadable")]


@pytest.mark.parametrize(
    ("selections", "selected"),
    [
        (None, {"m1", "s1"}),
        ([], set()),
        (["ServiceRequest/s1"], {"s1"}),
        (["MedicationRequest/s1"], set()),
        (["s1"], {"s1"}),
        ([" ServiceRequest/s1/_history/2 "], {"s1"}),
        (["https://ehr.example/fhir/ServiceRequest/s1"], {"s1"}),
        (["MedicationRequest/m1", "ServiceRequest/s1", "Medication/9"], {"m1", "s1"}),
    ],
)
def test_selections(reader: Reader, selections: list[str] | None, selected: set[str]) -> None:
    drafts = read(reader, medicine(), service(), selections=selections).chart.drafts
    assert {draft.source.id for draft in drafts if draft.selected} == selected
    assert len(drafts) == 2


@pytest.mark.parametrize("selection", ["urn:uuid:77", "77", "ServiceRequest/77"])
def test_an_order_without_an_id_is_known_by_the_url_of_its_entry(reader: Reader, selection: str) -> None:
    entry = {"fullUrl": "urn:uuid:77", "resource": service(None)}
    sent = raw({"resourceType": "Bundle", "type": "collection", "entry": [entry, {"resource": service("s1")}]})
    drafts = reader.read({}, PATIENT, NOW, orders=sent, selections=[selection]).chart.drafts
    assert [draft.resource_id for draft in drafts if draft.selected] == ["ServiceRequest/77"]


def test_an_order_that_has_no_name_of_its_own_cannot_be_taken_back(reader: Reader) -> None:
    assert only(read(reader, service(None))).resource_id == ""


def test_the_same_order_twice_counts_once(reader: Reader) -> None:
    assert only(read(reader, service(), service())).resource_id == "ServiceRequest/s1"
    assert len(read(reader, service("1"), medicine("1")).chart.drafts) == 2


def test_an_order_without_a_subject_is_the_patients_unless_another_is_met(reader: Reader) -> None:
    orphan = {**service(), "subject": None}
    assert only(read(reader, orphan)).resource_id == "ServiceRequest/s1"
    mixed = read(reader, orphan, {**medicine(), "subject": {"reference": "Patient/other"}})
    assert mixed.chart.drafts == ()
    assert refused(mixed) == [("MedicationRequest/m1", "other-patient"), ("ServiceRequest/s1", "no-subject")]


def test_a_stored_draft_is_no_order_placed_before_itself(reader: Reader) -> None:
    stored = service("s1"), service("s2"), service("s3", status="active")
    orders = read(reader, service("s1"), record=stored).chart.orders
    assert {(order.source.id, order.placed) for order in orders} == {("s2", False), ("s3", True)}


@pytest.mark.parametrize(
    ("status", "since", "days"),
    [
        ("active", "2026-01-31", 30),
        ("active", "2025-03-02", 365),
        ("active", None, None),
        ("stopped", "2025-03-02", None),
    ],
)
def test_a_renewal_says_since_when(reader: Reader, status: str, since: str | None, days: int | None) -> None:
    taken = resource(
        "MedicationRequest",
        "old",
        status=status,
        intent="order",
        authoredOn=since,
        medicationCodeableConcept=concept("Fluindione", (ATC, "B01AA12")),
    )
    other = resource(
        "MedicationRequest", "ca", status="active", authoredOn="2020-01-01", medicationCodeableConcept=concept("Tums")
    )
    assert only(read(reader, medicine(), record=(taken, other))).renewal_of_days == days


def test_the_order_of_drafts_changes_nothing(reader: Reader) -> None:
    drafts = medicine(), service(), device()
    assert set(read(reader, *drafts).chart.drafts) == set(read(reader, *drafts[::-1]).chart.drafts)


def test_drafts_leave_the_rest_of_the_chart_alone(reader: Reader) -> None:
    with_drafts, without = (
        read(reader, medicine(), service()),
        reader.read({"data": raw(bundle(patient()))}, PATIENT, NOW),
    )
    assert with_drafts.chart._replace(drafts=()) == without.chart
    assert with_drafts.prefetch == without.prefetch
