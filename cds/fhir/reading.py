"""From prefetch JSON to the Chart: one patient's resources become one patient's data (ACC-1 to ACC-7, R5, R6).

The order of keys and entries, duplicates, and resources that say nothing leave no trace in the Chart (invariant 7).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from datetime import UTC, datetime
from typing import Final, NamedTuple, TypeVar

from msgspec import Raw

from cds.fhir import prefetch as answers
from cds.fhir.bundles import Pages, Resources, Sent
from cds.fhir.codes import Codes
from cds.fhir.conditions import read_conditions
from cds.fhir.drafts import DraftOrders, read_drafts, renewals
from cds.fhir.duplicates import newest
from cds.fhir.lens import Lens, Means
from cds.fhir.medications import Shelf, read_requests, read_statements
from cds.fhir.medicines import Medicines
from cds.fhir.observations import read_observations
from cds.fhir.orders import read_orders
from cds.fhir.patients import read_patient
from cds.fhir.procedures import read_procedures
from cds.fhir.ranges import Ranges
from cds.fhir.references import Subject
from cds.fhir.reports import read_reports
from cds.fhir.resources import (
    Condition,
    DiagnosticReport,
    MedicationRequest,
    MedicationStatement,
    Observation,
    Patient,
    Procedure,
    Resource,
    ServiceRequest,
    SubjectResource,
)
from cds.fhir.terminology import Terminology
from cds.fhir.units import Units
from cds.fhir.versions import as_r4, version_of
from cds.reasoning.chart import Access, Chart, NotUsed
from cds.reasoning.knowledge.laboratory import LaboratoryChapter

__all__ = ["Reader", "Reading"]

S = TypeVar("S", bound=SubjectResource)

_KIND_OF_TYPE: Final[Mapping[type[Resource], str]] = {
    Patient: "patient",
    Condition: "conditions",
    Observation: "observations",
    MedicationRequest: "medications",
    MedicationStatement: "medications",
    Procedure: "procedures",
    DiagnosticReport: "reports",
    ServiceRequest: "orders",
}
_NOT_LABORATORY: Final = frozenset(("body-height", "pregnancy-status"))
"""Measurements that vital signs bring along: they don't show that anybody looked at the laboratory."""


class Reading(NamedTuple):
    """A chart, and what became of each advertised prefetch key (R5)."""

    chart: Chart
    prefetch: Mapping[str, Access]
    fhir_version: str = ""
    """The version of FHIR in which the data are written, "" where they don't show another than R4."""


class Reader:
    """Reads charts. Made once; remembers only what codes and names mean."""

    def __init__(
        self,
        terminology: Terminology,
        laboratory: LaboratoryChapter,
        medicines: Medicines,
        *,
        interesting: Callable[[str], bool] = lambda _: True,
        named: Callable[[str], bool] | None = None,
        templates: Mapping[str, str] | None = None,
    ) -> None:
        """`interesting`: whether words (values, notes) could hold a term of a rule: asked often, may err on the generous
        side; by default all words are kept. `named`: the same for the names of diagnoses and tests, where the answer is
        remembered, so that an exact one costs nothing; by default the same.

        `templates`: the advertised prefetch; by default everything that can be read.
        """
        self._ask(answers.templates(terminology, terminology.labs) if templates is None else templates)
        units = Units(laboratory, terminology)
        self._means = Means(
            codes=Codes(terminology, medicines, named or interesting, units.scales),
            units=units,
            ranges=Ranges(units),
            interesting=interesting,
            worded=frozenset(test.id for test in laboratory.tests if test.qualitative),
            unit={test.id: test.unit for test in laboratory.tests},
        )

    def asking(self, templates: Mapping[str, str]) -> Reader:
        """A reader that advertises `templates`, with all that this one knows and remembers."""
        other = copy(self)
        other._ask(templates)
        return other

    def _ask(self, templates: Mapping[str, str]) -> None:
        self.templates = dict(templates)
        self._keys = {kind: [key for key in self.templates if answers.kind_of(key) == kind] for kind in answers.KINDS}

    def read(
        self,
        prefetch: Mapping[str, Sent],
        patient_id: str,
        now: datetime,
        *,
        conditions: Raw | bytes | None = None,
        orders: Raw | bytes | None = None,
        selections: Iterable[str] | None = None,
        whole_record: bool = False,
        fetched: Mapping[str, Pages] = {},
    ) -> Reading:
        """The chart of `patient_id` at `now` (aware). Never raises for what the data say.

        Every key is read, whatever its name. `conditions` are those that problem-list-item-create proposes. `orders` is
        the Bundle of draft orders of order-select and order-sign, `selections` names those that are judged, None: all.
        `whole_record`: the data are all there are (a file), so what is not among them is known not to be there.
        `fetched`: what we asked a server for ourselves, by advertised key; it is read instead of what was sent under it.
        """
        lens = Lens(self._means, now)
        opened = Resources()
        states, elsewhere = self._open(prefetch, opened, fetched)
        proposals = Resources()
        shown = as_r4(opened)
        if conditions is not None:
            proposals.open(conditions)
            shown &= as_r4(proposals)
        subject = Subject(patient_id, opened.patients)
        drafts = DraftOrders(orders, selections)
        drafts.own(subject)
        chart = _chart(opened, proposals.conditions, subject, lens)
        if orders is not None:
            chart = _with_drafts(chart, drafts, opened, subject, lens)
        opened.unread += proposals.unread + drafts.unread
        access = self._access(states, elsewhere, chart, subject, whole_record=whole_record)
        chart = chart._replace(not_used=_counted(opened, subject, lens), access=access)
        return Reading(chart, states, version_of(shown))

    def _open(
        self, prefetch: Mapping[str, Sent], into: Resources, fetched: Mapping[str, Pages]
    ) -> tuple[dict[str, Access], dict[str, list[Access]]]:
        """Open every key. Returns the state per advertised key, and the states in which kinds came under other names."""
        states = dict.fromkeys(self.templates, Access.ABSENT)
        elsewhere: dict[str, list[Access]] = {}
        for key, sent in prefetch.items():
            if key in states:
                if key not in fetched:
                    states[key] = into.open(sent)
                continue
            before = {kind: into.count(kind) for kind in _KIND_OF_TYPE}
            state = into.open(sent)
            for kind, name in _KIND_OF_TYPE.items():
                if into.count(kind) > before[kind]:
                    elsewhere.setdefault(name, []).append(state)
        for key, pages in fetched.items():
            states[key] = into.open_pages(pages)
        return states, elsewhere

    def _access(
        self,
        states: Mapping[str, Access],
        elsewhere: dict[str, list[Access]],
        chart: Chart,
        subject: Subject,
        *,
        whole_record: bool,
    ) -> dict[str, Access]:
        """State per kind: the worst of its keys; a key that was not sent, by what came under other names."""
        if "observations" in elsewhere:
            if any(each.lab not in _NOT_LABORATORY for each in chart.measurements):
                elsewhere["laboratory"] = elsewhere["observations"]
            if chart.findings:
                elsewhere["findings"] = elsewhere["observations"]
        access: dict[str, Access] = {}
        for kind in answers.KINDS:
            own = [states[key] for key in self._keys[kind]] or [Access.ABSENT]
            others = elsewhere.get(kind)
            if others:
                own = [each for each in own if each is not Access.ABSENT] + others
            elif whole_record:
                own = [Access.NONE if each is Access.ABSENT else each for each in own]
            access[kind] = answers.worst(own)
        if access["patient"] is Access.PRESENT and not subject.patients:
            access["patient"] = Access.FAILED
        return access


def _chart(opened: Resources, proposed: list[Condition], subject: Subject, lens: Lens) -> Chart:
    conditions = subject.own(opened.conditions) + subject.own(proposed)
    observations = subject.own(opened.observations)
    requests = subject.own(opened.medication_requests)
    statements = subject.own(opened.medication_statements)
    procedures = subject.own(opened.procedures)
    reports = subject.own(opened.reports)
    orders = subject.own(opened.orders)

    def once(resources: list[S], kind: type[S]) -> list[S]:
        return newest(resources + subject.orphans(kind), lens.dates, lens.not_used)

    patients = newest(subject.patients, lens.dates, lens.not_used)
    patient = read_patient(subject.patient_id, patients[0] if patients else None)
    born = datetime(patient.born.year, patient.born.month, patient.born.day, tzinfo=UTC) if patient.born else None
    suggested = set(map(id, proposed))
    conditions = once(conditions, Condition)
    measurements, findings = read_observations(once(observations, Observation), lens)
    shelf = Shelf(opened.medications)
    return Chart(
        patient=patient,
        problems=tuple(
            read_conditions(
                [each for each in conditions if id(each) not in suggested],
                lens,
                proposed=[each for each in conditions if id(each) in suggested],
                born=born,
            )
        ),
        measurements=tuple(measurements),
        findings=tuple(findings),
        medicines=(
            *read_requests(once(requests, MedicationRequest), shelf, lens),
            *read_statements(once(statements, MedicationStatement), shelf, lens),
        ),
        procedures=tuple(read_procedures(once(procedures, Procedure), lens)),
        reports=tuple(read_reports(once(reports, DiagnosticReport), lens)),
        orders=tuple(read_orders(once(orders, ServiceRequest), lens)),
    )


def _with_drafts(chart: Chart, drafts: DraftOrders, opened: Resources, subject: Subject, lens: Lens) -> Chart:
    """`chart` with the draft orders. One that is stored already, as a draft, is no order that was placed before it."""
    drafts.settle(subject, lens)
    read = read_drafts(drafts, opened.medications, lens)
    own = {(draft.source.type, draft.source.id) for draft in read}
    return chart._replace(
        drafts=renewals(read, chart.medicines, lens),
        orders=tuple(order for order in chart.orders if (order.source.type, order.source.id) not in own),
    )


def _counted(opened: Resources, subject: Subject, lens: Lens) -> tuple[NotUsed, ...]:
    """Everything that is no evidence, each once, in an order of its own."""
    counted: Iterable[NotUsed] = (
        *lens.not_used,
        *subject.not_used,
        *subject.refused_orphans(),
        *opened.unread,
        *(NotUsed(name, "type-not-read") for name in opened.other_types),
    )
    return tuple(sorted(set(counted), key=lambda each: (each.reference, each.reason, each.lab, each.written)))
