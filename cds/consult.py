"""One request walks through the rooms: FHIR is read, the chart is judged, the cards are composed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cds import data
from cds.cards.compose import Composer
from cds.errors import KnowledgeError
from cds.fhir.reading import Reader, Reading
from cds.hooks.contexts import ProblemListItemCreate
from cds.hooks.languages import Language
from cds.hooks.models import Response
from cds.hooks.requests import Request
from cds.hooks.services import Service
from cds.reasoning.conclusions import Evaluation
from cds.reasoning.evaluate import evaluate
from cds.reasoning.facts import Facts
from cds.reasoning.knowledge import Knowledge
from cds.reasoning.knowledge.reading import Mistakes
from cds.services import services
from cds.settings import Settings

__all__ = ["Consultant", "knowledge_folders"]


def knowledge_folders(over: Path | None) -> Sequence[Path]:
    """The package's rules, and the site's own laid over them."""
    return [data.folder("rules"), *([over] if over else [])]


@dataclass(frozen=True, slots=True)
class Consultant:
    """Everything that is loaded once, and what it answers. Nothing in it changes after loading."""

    knowledge: Knowledge
    reader: Reader
    composer: Composer
    services: tuple[Service, ...]

    @classmethod
    def load(cls, settings: Settings) -> Consultant:
        """Raises KnowledgeError with everything that is wrong with the rules or the profiles."""
        try:
            knowledge = Knowledge.load(knowledge_folders(settings.rules_folder))
            reader = Reader.load(data.folder("profiles"), knowledge)
            composer = Composer(knowledge, settings)
        except Mistakes as mistakes:
            raise KnowledgeError(str(mistakes)) from None
        return cls(knowledge, reader, composer, services(reader.templates))

    def consult(self, service: Service, request: Request, now: datetime, language: Language) -> Response:
        """The cards of `service` for the patient of `request`."""
        reading = self.read(request, now)
        evaluation = self.evaluate(reading, now)
        return self.composer.compose(evaluation, service.id, language, request.context)

    def read(self, request: Request, now: datetime) -> Reading:
        context = request.context
        proposed = context.conditions if isinstance(context, ProblemListItemCreate) else None
        return self.reader.read(request.prefetch, context.patient_id, now, proposed)

    def evaluate(self, reading: Reading, now: datetime) -> Evaluation:
        return evaluate(Facts(reading.chart, now, self.knowledge))
