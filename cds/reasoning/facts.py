"""The facts of one evaluation: the chart, the clock, the knowledge, and every derived value, each computed once.

A derived value is physiology or arithmetic (eGFR, chronicity, which calcium to believe, verified hypercalcaemia,
Ca x P) and stands in a module of its own; this is where a rule asks for it by name.
"""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from cds.reasoning.calcifications import Calcification, recorded_calcifications
from cds.reasoning.calcium import Calcium, assess_calcium
from cds.reasoning.chart import Chart, Measurement, Medicine
from cds.reasoning.classification import Classified, classify
from cds.reasoning.conclusions import Form
from cds.reasoning.dystrophic import Dystrophic, assess_dystrophic
from cds.reasoning.forms import Flags, recognised_forms, tumour_flags
from cds.reasoning.kidney import Kidney, assess_kidney
from cds.reasoning.laboratory import CURRENT, RECENT, Laboratory, above, below
from cds.reasoning.metabolic import Metabolic, assess_metabolic
from cds.reasoning.minerals import Anomaly, Phosphate, Pth, assess_anomaly, assess_phosphate, assess_pth
from cds.reasoning.recognition import Recognised, Recognition, recognise
from cds.reasoning.redflag import RedFlag, assess_red_flag
from cds.reasoning.time import age_days, days_between
from cds.reasoning.venous import Staging, staging

if TYPE_CHECKING:
    from cds.reasoning.knowledge import Knowledge
    from cds.reasoning.language.reading import Language

__all__ = ["Facts"]


class Facts:
    """What rules ask. Lazy: a fact that no rule asks for costs nothing."""

    def __init__(self, chart: Chart, now: datetime, knowledge: Knowledge) -> None:
        self.chart = chart
        self.now = now
        self.knowledge = knowledge

    @property
    def language(self) -> Language:
        return self.knowledge.language

    @property
    def sex(self) -> Literal["male", "female"] | None:
        return self.chart.patient.sex

    @cached_property
    def age(self) -> float | None:
        """Years; None when the date of birth is unknown."""
        born = self.chart.patient.born
        if born is None:
            return None
        today = self.now.date()
        years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
        return float(years) if years >= 1 else max((today - born).days, 0) / 366

    @cached_property
    def recognition(self) -> Recognition:
        return recognise(self.chart, self.language, self.knowledge.recognition, self.knowledge.causes)

    @cached_property
    def calcifications(self) -> tuple[Calcification, ...]:
        """Soft-tissue calcifications that the chart records (TRG-1 a, b)."""
        return recorded_calcifications(self)

    @cached_property
    def laboratory(self) -> Laboratory:
        """Usable results; what LAB-2 and LAB-4 take away is gone from here."""
        laboratory = Laboratory(self.chart, self.now, self.knowledge.laboratory, sex=self.sex, age=self.age)
        self._refuse_edta(laboratory)
        return laboratory

    def _refuse_edta(self, laboratory: Laboratory) -> None:
        """LAB-4: very low calcium with high potassium and low ALP in one sample is a contaminated tube."""
        rules = self.knowledge.minerals.pseudo.edta
        for calcium in list(laboratory.all("calcium-total")):
            if below(calcium, rules.calcium_below) and any(
                above(each, rules.potassium_above) for each in _same_sample(laboratory, "potassium", calcium)
            ):
                enzymes = _same_sample(laboratory, "alp", calcium)
                if any(laboratory.status(each) == "low" for each in enzymes):
                    laboratory.refuse(calcium, "edta-contamination")

    @cached_property
    def pregnant(self) -> bool:
        """PIT-5: a positive status, or an active and recent diagnosis."""
        rules = self.knowledge.recognition.pregnancy
        status = self.laboratory.latest("pregnancy-status", days=rules.status_days)
        if status is not None and _is_positive(status):
            return True
        return any(
            each.when is None or age_days(self.now, each.when) <= rules.code_days
            for each in self.recognition.active(rules.concept)
            if each.weight == "strong"
        )

    @cached_property
    def paraprotein(self) -> tuple[Recognised | Measurement, ...]:
        """LAB-4: what says that a monoclonal protein is there."""
        found: list[Recognised | Measurement] = list(self.recognition.active("multiple-myeloma", "paraproteinaemia"))
        spike = self.laboratory.numeric("m-protein", days=3 * RECENT)
        if spike is not None and above(spike, 0.0):
            found.append(spike)
        protein = self.laboratory.numeric("protein-total", days=RECENT)
        albumin = self.laboratory.numeric("albumin", days=RECENT)
        if (
            protein is not None
            and albumin is not None
            and days_between(protein.when, albumin.when) <= 1
            and (protein.value or 0.0) - (albumin.value or 0.0) > self.knowledge.minerals.pseudo.globulins_above
        ):
            found.append(protein)
        return tuple(found)

    @cached_property
    def kidney(self) -> Kidney:
        kidney = assess_kidney(self)
        self._refuse_swapped_phosphate(kidney)
        return kidney

    def _refuse_swapped_phosphate(self, kidney: Kidney) -> None:
        """LAB-2: phosphate labelled mmol/L above 3.0 without eGFR < 30 or dialysis looks like mg/dL."""
        rules = self.knowledge.minerals.phosphate
        if kidney.dialysis or kidney.egfr_below(rules.egfr_below):
            return
        for each in list(self.laboratory.all("phosphate")):
            if each.doubt == "phosphate-swap" and above(each, rules.swap_above):
                self.laboratory.refuse(each, "looks-like-mg-dl")

    @cached_property
    def calcium(self) -> Calcium:
        return assess_calcium(self)

    @cached_property
    def phosphate(self) -> Phosphate:
        _ = self.kidney  # takes a swapped phosphate away first
        return assess_phosphate(self)

    @cached_property
    def pth(self) -> Pth:
        return assess_pth(self)

    @cached_property
    def anomaly(self) -> Anomaly:
        return assess_anomaly(self)

    @cached_property
    def red_flag(self) -> RedFlag:
        return assess_red_flag(self)

    @cached_property
    def staging(self) -> Staging:
        """Porter's stage and everything that it rests on."""
        return staging(self)

    @cached_property
    def forms(self) -> tuple[Form, ...]:
        return recognised_forms(self)

    @cached_property
    def tumour_flags(self) -> Flags | None:
        return tumour_flags(self)

    @cached_property
    def metabolic(self) -> Metabolic:
        """Section 3: metabolic causes and the highest level."""
        return assess_metabolic(self)

    @cached_property
    def dystrophic(self) -> Dystrophic:
        """Section 4: dystrophic causes and the highest weight."""
        return assess_dystrophic(self)

    @cached_property
    def panel_complete(self) -> bool:
        """CLS-1: calcium, phosphate and kidneys all known, usable and verified."""
        known = {
            "calcium": self.calcium.settled in ("high", "normal", "low"),
            "phosphate": self.phosphate.status != "unknown",
            "kidney": self.kidney.known,
        }
        return all(known[each] for each in self.knowledge.classification.panel)

    @cached_property
    def classified(self) -> Classified:
        return classify(self)

    def latest(self, lab: str, *, days: int = RECENT) -> Measurement | None:
        """The newest usable result of `lab`."""
        return self.laboratory.latest(lab, days=days)

    def medicines(self, *classes: str, ended_days: int = 30) -> tuple[Medicine, ...]:
        """Medicines of one of `classes` that are taken, or ended at most `ended_days` ago (ACC-5)."""
        wanted = set(classes)
        return tuple(
            each
            for each in self.chart.medicines
            if any(match.concept in wanted for match in each.matches) and self._taken(each, ended_days)
        )

    def _taken(self, medicine: Medicine, ended_days: int) -> bool:
        if medicine.state == "active":
            return medicine.until is None or age_days(self.now, medicine.until) <= ended_days
        return medicine.until is not None and age_days(self.now, medicine.until) <= ended_days

    def is_current(self, measurement: Measurement) -> bool:
        """At most 90 days old (ACC-5)."""
        return self.laboratory.age(measurement) <= CURRENT


def _same_sample(laboratory: Laboratory, lab: str, like: Measurement) -> list[Measurement]:
    return [each for each in laboratory.all(lab) if each.when.instant == like.when.instant]


def _is_positive(measurement: Measurement) -> bool:
    return measurement.interpretation == "POS" or measurement.words.startswith(("positive", "pregnant", "enceinte", "positif"))
