"""FHIR resources as structs of the members that are read, and of nothing else.

An unknown member costs nothing and can't be wrong; an optional member may be null (R4). Member names are FHIR's own.
Which resource it is stands in `resourceType`; types that are not read decode to an empty struct.

The members are those of R4. Below "Other versions" stand those by which R5, STU3 and DSTU2 say the same;
`cds.fhir.versions` moves what they hold to the members of R4, and nothing else looks at them.

Members that say the same thing in resource after resource (codes, statuses, reference ranges) stay JSON text, `Raw`:
`cds.fhir.codes` knows what the text says without decoding it again.
"""

# ruff: noqa: N815, SIM905 - the members of FHIR are written as FHIR writes them; a list of words reads as words
from __future__ import annotations

from typing import TYPE_CHECKING, Final, Union

import msgspec
from msgspec import Raw

__all__ = [
    "NOTHING",
    "NOT_READ",
    "READ",
    "Address",
    "Age",
    "Annotation",
    "AnyResource",
    "Bundle",
    "CodeableConcept",
    "CodeableReference",
    "Coding",
    "Component",
    "Condition",
    "DiagnosticOrder",
    "DiagnosticReport",
    "DispenseRequest",
    "Dosage",
    "Entry",
    "EntryResponse",
    "Extension",
    "Issue",
    "Medication",
    "MedicationOrder",
    "MedicationRequest",
    "MedicationStatement",
    "Observation",
    "OperationOutcome",
    "Patient",
    "Period",
    "Procedure",
    "ProcedureRequest",
    "Quantity",
    "Reference",
    "ReferenceRange",
    "ReferralRequest",
    "Related",
    "Resource",
    "ServiceRequest",
    "SubjectResource",
]

NOTHING: Final = Raw(b"null")
"""The text of a member that is not there."""


class _Element(msgspec.Struct, gc=False):
    """Base of the data types. Not tracked by the garbage collector: a decoded resource holds no cycle."""


class Coding(_Element, gc=False):
    system: str | None = None
    code: str | None = None
    display: str | None = None


class CodeableConcept(_Element, gc=False):
    coding: list[Coding] | None = None
    text: str | None = None


class Reference(_Element, gc=False):
    reference: str | None = None
    display: str | None = None


class Period(_Element, gc=False):
    start: str | None = None
    end: str | None = None


class Quantity(_Element, gc=False):
    """`value` is a decimal; some senders write it as a string."""

    value: float | str | None = None
    comparator: str | None = None
    unit: str | None = None
    system: str | None = None
    code: str | None = None


class Ratio(_Element, gc=False):
    numerator: Quantity | None = None
    denominator: Quantity | None = None


class Annotation(_Element, gc=False):
    text: str | None = None


class ReferenceRange(_Element, gc=False):
    low: Quantity | None = None
    high: Quantity | None = None
    type: CodeableConcept | None = None
    # Other versions: DSTU2.
    meaning: CodeableConcept | None = None


class Meta(_Element, gc=False):
    versionId: str | None = None
    lastUpdated: str | None = None


class Address(_Element, gc=False):
    country: str | None = None


class Extension(_Element, gc=False):
    """Of an extension only what can name a country."""

    url: str | None = None
    valueAddress: Address | None = None
    valueCodeableConcept: CodeableConcept | None = None
    extension: list[Extension] | None = None


class Resource(msgspec.Struct, gc=False, tag_field="resourceType"):
    """Base of every resource."""

    id: str | None = None
    meta: Meta | None = None


class SubjectResource(Resource, gc=False):
    """Base of every resource that is about somebody. R4 says `subject`; `patient` is met where older versions linger."""

    subject: Reference | None = None
    patient: Reference | None = None


class Patient(Resource, gc=False, tag="Patient"):
    gender: str | None = None
    birthDate: str | None = None
    address: list[Address] | None = None
    extension: list[Extension] | None = None


class Age(_Element, gc=False):
    """A duration in UCUM units of time, mostly "a"."""

    value: float | None = None
    code: str | None = None
    unit: str | None = None


class Condition(SubjectResource, gc=False, tag="Condition"):
    """The statuses may be plain codes, as before R4."""

    clinicalStatus: Raw = NOTHING
    verificationStatus: Raw = NOTHING
    category: Raw = NOTHING
    severity: CodeableConcept | None = None
    code: Raw = NOTHING
    bodySite: list[CodeableConcept] | None = None
    onsetDateTime: str | None = None
    onsetAge: Age | None = None
    onsetPeriod: Period | None = None
    abatementDateTime: str | None = None
    abatementAge: Age | None = None
    abatementPeriod: Period | None = None
    abatementString: str | None = None
    abatementBoolean: bool | None = None
    recordedDate: str | None = None
    note: list[Annotation] | None = None
    # Other versions: STU3, then DSTU2.
    assertedDate: str | None = None
    dateRecorded: str | None = None
    onsetQuantity: Age | None = None
    abatementQuantity: Age | None = None
    notes: str | None = None


class Component(_Element, gc=False):
    """A value with a code of its own inside an Observation: blood pressure, panels of a laboratory."""

    code: Raw = NOTHING
    valueQuantity: Quantity | None = None
    valueCodeableConcept: Raw = NOTHING
    valueString: str | None = None
    valueBoolean: bool | None = None
    valueInteger: float | None = None
    valueRatio: Ratio | None = None
    dataAbsentReason: CodeableConcept | None = None
    interpretation: Raw = NOTHING
    referenceRange: Raw = NOTHING


class Related(_Element, gc=False):
    """DSTU2, STU3: an Observation that belongs to this one, and how."""

    type: str | None = None
    target: Reference | None = None


class Observation(SubjectResource, gc=False, tag="Observation"):
    status: str | None = None
    code: Raw = NOTHING
    effectiveDateTime: str | None = None
    effectivePeriod: Period | None = None
    effectiveInstant: str | None = None
    issued: str | None = None
    valueQuantity: Quantity | None = None
    valueCodeableConcept: Raw = NOTHING
    valueString: str | None = None
    valueBoolean: bool | None = None
    valueInteger: float | None = None
    valueRatio: Ratio | None = None
    dataAbsentReason: CodeableConcept | None = None
    interpretation: Raw = NOTHING
    note: list[Annotation] | None = None
    bodySite: CodeableConcept | None = None
    referenceRange: Raw = NOTHING
    hasMember: list[Reference] | None = None
    component: list[Component] | None = None
    # Other versions: STU3, DSTU2, both.
    comment: str | None = None
    comments: str | None = None
    related: list[Related] | None = None


class Repeat(_Element, gc=False):
    boundsPeriod: Period | None = None


class Timing(_Element, gc=False):
    repeat: Repeat | None = None


class Dosage(_Element, gc=False):
    text: str | None = None
    site: CodeableConcept | None = None
    route: CodeableConcept | None = None
    timing: Timing | None = None
    # Other versions: DSTU2.
    siteCodeableConcept: CodeableConcept | None = None


class CodeableReference(_Element, gc=False):
    """R5: a concept, or a reference to what it is."""

    concept: CodeableConcept | None = None
    reference: Reference | None = None


class Ingredient(_Element, gc=False):
    """`item` is R5's name."""

    itemCodeableConcept: CodeableConcept | None = None
    item: CodeableReference | None = None


class Medication(Resource, gc=False, tag="Medication"):
    """`doseForm` is R5's name for `form`."""

    code: CodeableConcept | None = None
    form: CodeableConcept | None = None
    doseForm: CodeableConcept | None = None
    ingredient: list[Ingredient] | None = None


class DispenseRequest(_Element, gc=False):
    validityPeriod: Period | None = None
    expectedSupplyDuration: Age | None = None


class MedicationRequest(SubjectResource, gc=False, tag="MedicationRequest"):
    contained: list[Raw] | None = None
    status: str | None = None
    intent: str | None = None
    doNotPerform: bool | None = None
    medicationCodeableConcept: CodeableConcept | None = None
    medicationReference: Reference | None = None
    authoredOn: str | None = None
    dosageInstruction: list[Dosage] | None = None
    dispenseRequest: DispenseRequest | None = None
    note: list[Annotation] | str | None = None
    """A string in DSTU2."""
    # Other versions: R5.
    medication: CodeableReference | None = None
    effectiveDosePeriod: Period | None = None


class MedicationOrder(MedicationRequest, gc=False, tag="MedicationOrder"):
    """What DSTU2 calls a MedicationRequest."""

    dateWritten: str | None = None
    dateEnded: str | None = None


class Adherence(_Element, gc=False):
    code: CodeableConcept | None = None


class MedicationStatement(SubjectResource, gc=False, tag="MedicationStatement"):
    contained: list[Raw] | None = None
    status: str | None = None
    medicationCodeableConcept: CodeableConcept | None = None
    medicationReference: Reference | None = None
    effectiveDateTime: str | None = None
    effectivePeriod: Period | None = None
    dateAsserted: str | None = None
    dosage: list[Dosage] | None = None
    note: list[Annotation] | str | None = None
    """A string in DSTU2."""
    # Other versions: R5, then STU3, then DSTU2.
    medication: CodeableReference | None = None
    adherence: Adherence | None = None
    taken: str | None = None
    wasNotTaken: bool | None = None


class Procedure(SubjectResource, gc=False, tag="Procedure"):
    status: str | None = None
    code: Raw = NOTHING
    performedDateTime: str | None = None
    performedPeriod: Period | None = None
    bodySite: list[CodeableConcept] | None = None
    note: list[Annotation] | None = None
    # Other versions: R5, then STU3, then DSTU2.
    occurrenceDateTime: str | None = None
    occurrencePeriod: Period | None = None
    notDone: bool | None = None
    notPerformed: bool | None = None
    notes: list[Annotation] | None = None


class DiagnosticReport(SubjectResource, gc=False, tag="DiagnosticReport"):
    status: str | None = None
    code: Raw = NOTHING
    effectiveDateTime: str | None = None
    effectivePeriod: Period | None = None
    issued: str | None = None
    conclusion: str | None = None
    conclusionCode: list[CodeableConcept] | None = None
    # Other versions: STU3 and DSTU2.
    codedDiagnosis: list[CodeableConcept] | None = None


class ServiceRequest(SubjectResource, gc=False, tag="ServiceRequest"):
    status: str | None = None
    doNotPerform: bool | None = None
    code: Raw = NOTHING
    occurrenceDateTime: str | None = None
    authoredOn: str | None = None


class ProcedureRequest(ServiceRequest, gc=False, tag="ProcedureRequest"):
    """What STU3 calls a ServiceRequest; DSTU2 has its dates under other names."""

    orderedOn: str | None = None
    scheduledDateTime: str | None = None


class ReferralRequest(ServiceRequest, gc=False, tag="ReferralRequest"):
    """A ServiceRequest that refers the patient, in STU3 and DSTU2, where several services may be asked for."""

    serviceRequested: list[CodeableConcept] | None = None
    specialty: CodeableConcept | None = None
    date: str | None = None


class Ordered(_Element, gc=False):
    code: CodeableConcept | None = None


class OrderEvent(_Element, gc=False):
    dateTime: str | None = None


class DiagnosticOrder(ServiceRequest, gc=False, tag="DiagnosticOrder"):
    """A ServiceRequest for tests, in DSTU2: several tests, and what happened to the order."""

    item: list[Ordered] | None = None
    event: list[OrderEvent] | None = None


class Issue(_Element, gc=False):
    severity: str | None = None


class OperationOutcome(Resource, gc=False, tag="OperationOutcome"):
    issue: list[Issue] | None = None


class Link(_Element, gc=False):
    relation: str | None = None
    url: str | None = None


READ: Final[tuple[type[Resource], ...]] = (
    Patient,
    Condition,
    Observation,
    Medication,
    MedicationRequest,
    MedicationStatement,
    Procedure,
    DiagnosticReport,
    ServiceRequest,
    OperationOutcome,
    MedicationOrder,
    ProcedureRequest,
    ReferralRequest,
    DiagnosticOrder,
)
"""The types that are read, besides Bundle."""

_OTHER_TYPES: Final = """
Account ActivityDefinition AdverseEvent AllergyIntolerance Appointment AppointmentResponse AuditEvent Basic Binary
BiologicallyDerivedProduct BodyStructure CapabilityStatement CarePlan CareTeam CatalogEntry ChargeItem
ChargeItemDefinition Claim ClaimResponse ClinicalImpression CodeSystem Communication CommunicationRequest
CompartmentDefinition Composition ConceptMap Consent Contract Coverage CoverageEligibilityRequest
CoverageEligibilityResponse DetectedIssue Device DeviceDefinition DeviceMetric DeviceRequest DeviceUseStatement
DocumentManifest DocumentReference EffectEvidenceSynthesis Encounter Endpoint EnrollmentRequest EnrollmentResponse
EpisodeOfCare EventDefinition Evidence EvidenceVariable ExampleScenario ExplanationOfBenefit FamilyMemberHistory Flag
Goal GraphDefinition Group GuidanceResponse HealthcareService ImagingStudy Immunization ImmunizationEvaluation
ImmunizationRecommendation ImplementationGuide InsurancePlan Invoice Library Linkage List Location Measure
MeasureReport Media MedicationAdministration MedicationDispense MedicationKnowledge MedicinalProduct
MedicinalProductAuthorization MedicinalProductContraindication MedicinalProductIndication
MedicinalProductIngredient MedicinalProductInteraction MedicinalProductManufactured MedicinalProductPackaged
MedicinalProductPharmaceutical MedicinalProductUndesirableEffect MessageDefinition MessageHeader MolecularSequence
NamingSystem NutritionOrder ObservationDefinition OperationDefinition Organization OrganizationAffiliation Parameters
PaymentNotice PaymentReconciliation Person PlanDefinition Practitioner PractitionerRole Provenance Questionnaire
QuestionnaireResponse RelatedPerson RequestGroup ResearchDefinition ResearchElementDefinition ResearchStudy
ResearchSubject RiskAssessment RiskEvidenceSynthesis Schedule SearchParameter Slot Specimen SpecimenDefinition
StructureDefinition StructureMap Subscription Substance SubstanceNucleicAcid SubstancePolymer SubstanceProtein
SubstanceReferenceInformation SubstanceSourceMaterial SubstanceSpecification SupplyDelivery SupplyRequest Task
TerminologyCapabilities TestReport TestScript ValueSet VerificationResult VisionPrescription
ActorDefinition AdministrableProductDefinition ArtifactAssessment BiologicallyDerivedProductDispense BodySite Citation
ClinicalUseDefinition ConditionDefinition Conformance DataElement DeviceAssociation DeviceComponent DeviceDispense
DeviceUsage DeviceUseRequest EligibilityRequest EligibilityResponse EncounterHistory EvidenceReport ExpansionProfile
FormularyItem GenomicStudy ImagingManifest ImagingObjectSelection ImagingSelection Ingredient InventoryItem
InventoryReport ManufacturedItemDefinition MedicinalProductDefinition NutritionIntake NutritionProduct Order
OrderResponse PackagedProductDefinition Permission ProcessRequest ProcessResponse RegulatedAuthorization
RequestOrchestration Requirements Sequence ServiceDefinition SubscriptionStatus SubscriptionTopic SubstanceDefinition
TestPlan Transport
""".split()

NOT_READ: Final[tuple[type[msgspec.Struct], ...]] = tuple(
    msgspec.defstruct(name, [], bases=(Resource,), tag=name, tag_field="resourceType", gc=False)
    for name in _OTHER_TYPES
)
"""The other resource types of every version, decoded at the cost of skipping them."""


class Entry(_Element, gc=False):
    fullUrl: str | None = None
    resource: AnyResource | None = None
    response: EntryResponse | None = None


class EntryResponse(_Element, gc=False):
    """How a server answered one request of a batch; `outcome` where it failed."""

    outcome: AnyResource | None = None


class Bundle(Resource, gc=False, tag="Bundle"):
    """A Bundle of any type; `total` and the link "next" are those of a searchset."""

    total: float | None = None
    link: list[Link] | None = None
    entry: list[Entry] | None = None


if TYPE_CHECKING:
    AnyResource = Resource
else:
    AnyResource = Union[(*READ, Bundle, *NOT_READ)]
    """Any resource, told apart by `resourceType`."""
