"""One request walks through the rooms: FHIR is read, the chart is judged, the cards are composed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from cds import data
from cds.cards.compose import compose
from cds.cards.context import Before, CardContext, Options
from cds.cards.deck import Deck
from cds.errors import KnowledgeError, PreconditionFailed
from cds.fhir import fetching, files
from cds.fhir.fetching import Fetched, Server
from cds.fhir.medicines import Medicines
from cds.fhir.prefetch import templates
from cds.fhir.reading import Reader, Reading
from cds.fhir.resources import AnyResource
from cds.fhir.server.client import FhirClient
from cds.fhir.terminology import Terminology
from cds.hooks.calls import Answer, Call
from cds.hooks.contexts import Context, OrderSelect, OrderSign, PatientView, ProblemListItemCreate
from cds.hooks.languages import Language
from cds.hooks.models import Response
from cds.hooks.requests import Decoder, Request
from cds.hooks.services import Service
from cds.reasoning.conclusions import Evaluation
from cds.reasoning.evaluate import evaluate
from cds.reasoning.facts import Facts
from cds.reasoning.knowledge import Knowledge
from cds.reasoning.knowledge.reading import Mistakes
from cds.reasoning.orders.evaluate import evaluate_orders
from cds.reasoning.orders.reads import labs_read
from cds.services import services
from cds.settings import Settings
from cds.trust.outgoing import Base

__all__ = ["Case", "Consultant", "decode_request", "knowledge_folders", "profile_folders"]

decode_request = Decoder(AnyResource)
"""Reads the body of a service call, and the resources in it at once where nothing is wrong with any of them."""

_OPENED = "patient-view"


def knowledge_folders(over: Path | None) -> Sequence[Path]:
    """The package's rules, and the site's own laid over them."""
    return [data.folder("rules"), *([over] if over else [])]


def profile_folders(over: Path | None) -> Sequence[Path]:
    """The package's profiles, and the site's own laid over them. Raises KnowledgeError where these are not there."""
    if over is not None and not over.is_dir():
        raise KnowledgeError("profiles_folder: there is no such folder")
    return [data.folder("profiles"), *([over] if over else [])]


class Case(NamedTuple):
    """One patient, read and judged."""

    hook: str
    context: Context
    reading: Reading
    facts: Facts
    evaluation: Evaluation
    fetched: Fetched | None = None
    """What was asked of the FHIR server of the request; None: nothing had to be."""

    @property
    def fhir_version(self) -> str:
        """In which suggested resources are written: what the server says that it speaks, else what the data show."""
        return (self.fetched.fhir_version if self.fetched is not None else "") or self.reading.fhir_version

    @property
    def about_orders(self) -> bool:
        """Whether draft orders were judged, and not the chart."""
        return isinstance(self.context, OrderSelect | OrderSign)


@dataclass(frozen=True, slots=True)
class Consultant:
    """Everything that is loaded once, and what it answers. Nothing in it changes after loading."""

    knowledge: Knowledge
    reader: Reader
    order_reader: Reader
    deck: Deck
    services: tuple[Service, ...]
    venous_only: bool

    @classmethod
    def load(cls, settings: Settings) -> Consultant:
        """Raises KnowledgeError with everything that is wrong with the rules or the profiles."""
        try:
            knowledge = Knowledge.load(knowledge_folders(settings.rules_folder), version("calcification-cds"))
            terminology = Terminology.load(*profile_folders(settings.profiles_folder))
        except Mistakes as mistakes:
            raise KnowledgeError(str(mistakes)) from None
        reader = Reader(
            terminology,
            knowledge.laboratory,
            Medicines(knowledge.medicines, terminology),
            interesting=knowledge.language.interesting,
            named=lambda words: bool(knowledge.language.concepts(words) or knowledge.language.calcified(words)),
        )
        deck = Deck(knowledge.cards, knowledge.wording, knowledge.sources, _options(settings), knowledge.version)
        order_reader = reader.asking(templates(terminology, labs_read(knowledge.orders)))
        listed = services(reader.templates, order_reader.templates)
        return cls(knowledge, reader, order_reader, deck, listed, settings.venous_only)

    def consult(
        self,
        call: Call,
        now: datetime,
        fetched: Fetched | None = None,
        dismissed: Mapping[str, Before] = MappingProxyType({}),
    ) -> Answer:
        """The cards for the patient of a call, but for those that were `dismissed` before.

        Raises PreconditionFailed when not even a card about missing data can be given (R7).
        """
        case = self.judge(call.request, now, fetched)
        response = self.answer(call.service, case, call.language, dismissed)
        return Answer(response, case.reading.prefetch, fetched.failures if fetched is not None else ())

    async def fetch(self, request: Request, client: FhirClient, bases: Sequence[Base]) -> Fetched | None:
        """What the prefetch of `request` lacks, asked of the FHIR server that it names, if `bases` allow that one.

        None: there is nothing to ask for.
        """
        want = fetching.wanted(self._reader(request.context).templates, request.prefetch)
        if want is None:
            return None
        given = request.authorization
        server = Server(request.fhir_server)
        if given is not None:
            server = Server(request.fhir_server, given.access_token, given.patient or "", given.scope or "")
        return await fetching.fetch(want, server, request.context.patient_id, bases, client)

    def judge(self, request: Request, now: datetime, fetched: Fetched | None = None) -> Case:
        """Read the request's data, and what was fetched beyond them, and evaluate them."""
        context, patient = request.context, request.context.patient_id
        pages = fetched.pages if fetched is not None else {}
        if isinstance(context, OrderSelect | OrderSign):
            selections = context.selections if isinstance(context, OrderSelect) else None
            reading = self.order_reader.read(
                request.prefetch, patient, now, orders=context.draft_orders, selections=selections, fetched=pages
            )
            facts = Facts(reading.chart, now, self.knowledge)
            return Case(request.hook, context, reading, facts, evaluate_orders(facts), fetched)
        proposed = context.conditions if isinstance(context, ProblemListItemCreate) else None
        reading = self.reader.read(request.prefetch, patient, now, conditions=proposed, fetched=pages)
        return self._case(request.hook, context, reading, now)._replace(fetched=fetched)

    def open(self, source: bytes | Path, now: datetime, patient: str | None = None) -> Case:
        """The same for a file: a CDS Hooks request, or a whole record in any form; `patient` chooses among several.

        Raises InputError, and what decoding a request raises.
        """
        record = files.load(source, patient)
        if record.request is not None:
            return self.judge(decode_request(record.request), now)
        reading = self.reader.read(record.resources, record.patient_id, now, whole_record=True)
        return self._case(_OPENED, PatientView(patient_id=record.patient_id, user_id=""), reading, now)

    def serving(self, case: Case) -> tuple[Service, ...]:
        """The services that speak at the hook of `case`; of another hook those that speak when a chart is opened."""
        hooks = {hook for service in self.services for hook in service.hooks}
        hook = case.hook if case.hook in hooks else _OPENED
        return tuple(service for service in self.services if hook in service.hooks)

    def answer(
        self,
        service: Service,
        case: Case,
        language: Language,
        dismissed: Mapping[str, Before] = MappingProxyType({}),
    ) -> Response:
        """What `service` says of `case`."""
        context = CardContext(
            patient_id=case.context.patient_id,
            now=case.facts.now,
            encounter_id=case.context.encounter,
            user=case.context.user,
            fhir_version=case.fhir_version,
            only_service=self.venous_only,
            most_cards=service.most_cards,
            dismissed=dismissed,
            prefetch=case.reading.prefetch,
            fetch=case.fetched.account if case.fetched is not None else None,
        )
        composed = compose(case.evaluation, service.id, language, context, self.deck)
        if not composed.cards and case.evaluation.asked and not case.evaluation.evaluable:
            raise PreconditionFailed(
                "`prefetch` is required: nothing that a rule reads was sent, and nothing could be fetched from `fhirServer`"
            )
        return Response(cards=composed.cards, extension=composed.extension)

    def _reader(self, context: Context) -> Reader:
        return self.order_reader if isinstance(context, OrderSelect | OrderSign) else self.reader

    def _case(self, hook: str, context: Context, reading: Reading, now: datetime) -> Case:
        facts = Facts(reading.chart, now, self.knowledge)
        return Case(hook, context, reading, facts, evaluate(facts))


def _options(settings: Settings) -> Options:
    return Options(
        canonical_base=settings.canonical_base,
        service_label=settings.source_label,
        source_url=f"{settings.public_url}/cds-services",
        display_limit=settings.display_limit,
        evaluation_extension=settings.evaluation_extension,
    )
