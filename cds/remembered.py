"""The protocol and the memory, put together: what is looked up before an answer, and written down before it leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cds.cards.context import Before
from cds.consult import Consultant
from cds.hooks.feedback import Feedback
from cds.hooks.requests import Request
from cds.hooks.services import Service
from cds.memory.accounts import record
from cds.memory.memory import Memory, Site
from cds.memory.records import milliseconds
from cds.operations.witness import Finished
from cds.settings import Settings

__all__ = ["Remembered"]


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the service remembers."""

    memory: Memory
    knowledge: str
    """Version of the rules."""
    clock: Callable[[], datetime]

    @classmethod
    def of(cls, settings: Settings, consultant: Consultant, clock: Callable[[], datetime]) -> Remembered:
        """Raises StateError."""
        knowledge = consultant.knowledge
        site = Site(
            settings.state_folder,
            settings.store.get_secret_value(),
            settings.patient_key.get_secret_value(),
            settings.keep_comments,
        )
        offered = (*knowledge.wording.override_reasons, *knowledge.wording.order_override_reasons)
        memory = Memory(site, knowledge.suppression, [each.id for each in offered], clock)
        return cls(memory, knowledge.version, clock)

    def patient(self, request: Request, client: str = "") -> str:
        """The pseudonym of the patient of a request."""
        return self.memory.patient(client, request.fhir_server, request.context.patient_id)

    def dismissed(self, patient: str) -> Mapping[str, Before]:
        """What need not be shown again to the clinicians of a patient."""
        return self.memory.before(patient)

    async def keep(self, client: str, service: Service, items: Sequence[Feedback]) -> None:
        """Commit feedback. Raises StoreUnavailable."""
        await self.memory.keep(client, service.id, items)

    def told(self, call: Finished) -> None:
        """Write down what was answered about a patient; what could not be read was about nobody."""
        seen = call.seen
        if seen is not None and seen.request is not None:
            answered = seen.answer.patient if seen.answer is not None else ""
            patient = answered or self.patient(seen.request, seen.caller.name)
            self.memory.remember(record(seen, patient, self.knowledge, milliseconds(self.clock()), call.seconds))
