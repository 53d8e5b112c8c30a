"""What a chart says, concept by concept: codes and words become recognised concepts, each with its weight (ACC-1 to 3).

A code speaks for itself unless it is shared (`needs_text`); words speak where no code does. Which words mean which
concept stands in rules/terms; how a sentence denies, doubts or speaks of a relative is the business of
`cds.reasoning.language`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

from cds.reasoning.chart import Chart, Choice, Finding, Match, Moment, Problem, Procedure, Ref, Report, Severity
from cds.reasoning.conclusions import Evidence, Text
from cds.reasoning.facts import Facts
from cds.reasoning.language.sites import Site

if TYPE_CHECKING:
    from cds.reasoning.knowledge.recognition import RecognitionChapter
    from cds.reasoning.language.reading import Language
    from cds.reasoning.language.terms import Said

__all__ = ["Recognised", "Recognition", "Weight", "recognise", "recognise_in", "recognition_row", "worded"]

Weight = Literal["strong", "weak"]


class Recognised(msgspec.Struct, frozen=True, gc=False):
    """One datum says one concept."""

    concept: str
    source: Ref
    datum: Problem | Finding | Report | Procedure
    weight: Weight
    """Of the evidence (ACC-1 to ACC-4), before site, commonness and umbrella are judged (DYS-1)."""
    reasons: tuple[str, ...]
    """Why it is weak: provisional, old-encounter, text-only, hypothetical, preliminary."""
    state: Choice
    coded: bool
    """A code matched (with the words that it may need); False: recognised by words alone."""
    tier_c_only: bool
    """The only code is of tier C, and its own words don't say the concept (ACC-2)."""
    text: str
    """What it says, as written: the words of the code, or the sentence."""
    site: Site
    severity: Severity | None
    when: Moment | None
    """Onset, else recorded date, of a Condition; effective date of an Observation or report; last date of a Procedure."""
    alone: bool = False
    """No other concept was recognised in the same Condition (D-13)."""


class Recognition(NamedTuple):
    """Everything recognised in one chart, by concept."""

    by_concept: Mapping[str, tuple[Recognised, ...]]
    by_state: Mapping[Choice, Mapping[str, tuple[Recognised, ...]]]
    """The same, active and past ones apart: rules ask for them a hundred times a chart."""

    @classmethod
    def collect(cls, found: Mapping[str, list[Recognised]]) -> Recognition:
        """What was found, each concept in a stable order."""
        by_concept: dict[str, tuple[Recognised, ...]] = {}
        by_state: dict[Choice, dict[str, tuple[Recognised, ...]]] = {"active": {}, "past": {}}
        for concept, several in found.items():
            ordered = by_concept[concept] = tuple(sorted(several, key=_order) if len(several) > 1 else several)
            for each in ordered:
                known = by_state[each.state]
                known[concept] = (*known.get(concept, ()), each)
        return cls(by_concept, by_state)

    def of(self, *concepts: str) -> tuple[Recognised, ...]:
        """Every recognition of any of `concepts`, active and past, in a stable order."""
        return _of(self.by_concept, concepts)

    def active(self, *concepts: str) -> tuple[Recognised, ...]:
        """The active ones only."""
        return _of(self.by_state["active"], concepts)

    def past(self, *concepts: str) -> tuple[Recognised, ...]:
        """The past ones only."""
        return _of(self.by_state["past"], concepts)


def _of(found: Mapping[str, tuple[Recognised, ...]], concepts: tuple[str, ...]) -> tuple[Recognised, ...]:
    if found.keys().isdisjoint(concepts):  # most of what is asked for no chart says
        return ()
    return tuple([each for concept in concepts for each in found.get(concept, ())])


_KINDS = {
    "Condition": Text("Diagnosis", "Diagnostic"),
    "Observation": Text("Finding", "Constatation"),
    "DiagnosticReport": Text("Report", "Compte rendu"),
    "Procedure": Text("Procedure", "Acte"),
}
_REASONS = {
    "provisional": Text("not confirmed", "non confirmé"),
    "old-encounter": Text("old encounter diagnosis", "diagnostic de séjour ancien"),
    "text-only": Text("by words only", "texte seul"),
    "hypothetical": Text("worded as a hypothesis", "formulé comme hypothèse"),
    "preliminary": Text("preliminary", "provisoire"),
}
_PAST = Text("past", "passé")


def recognition_row(recognised: Recognised) -> Evidence:
    """A row of the table for what was recognised, in the words of the record."""
    remarks = [_REASONS[reason] for reason in recognised.reasons]
    if recognised.state == "past":
        remarks.insert(0, _PAST)
    remark = Text("; ".join(each.en for each in remarks), " ; ".join(each.fr for each in remarks)) if remarks else None
    label = _KINDS.get(recognised.source.type, _KINDS["Condition"])
    return Evidence(label, recognised.source, recognised.text, recognised.when, remark)


def recognise(facts: Facts) -> Recognition:
    """Everything that the chart of `facts` says, by concept."""
    knowledge = facts.knowledge
    return recognise_in(facts.chart, facts.language, knowledge.recognition, knowledge.causes)


def recognise_in(chart: Chart, language: Language, rules: RecognitionChapter, causes: frozenset[str]) -> Recognition:
    """Everything that a chart says, by concept. `causes` are read from words only where no code matched (ACC-3)."""
    found: dict[str, list[Recognised]] = {}
    for problem in chart.problems:
        _add(found, _in_problem(problem, language, causes))
    for finding in chart.findings:
        if finding.value is not False and finding.severity != "absent":
            _add(found, _in_finding(finding, language))
    for report in chart.reports:
        _add(found, _in_report(report, language, rules))
    for procedure in chart.procedures:
        _add(found, _in_procedure(procedure, language))
    return Recognition.collect(found)


def _add(found: dict[str, list[Recognised]], more: Iterable[Recognised]) -> None:
    for each in more:
        found.setdefault(each.concept, []).append(each)


def _order(recognised: Recognised) -> tuple[str, str, str]:
    return recognised.source.type, recognised.source.id, recognised.text


def _in_problem(problem: Problem, language: Language, causes: frozenset[str]) -> list[Recognised]:
    said = _said(worded(problem.texts, problem.sites), language)
    by_code = _by_code(problem.matches, said) if problem.matches else {}
    if not said and not by_code:
        return []
    reasons = ("provisional",) * (problem.level == "unconfirmed") + ("old-encounter",) * problem.old_encounter
    text = problem.texts[0] if problem.texts else _words_of(problem.matches)
    own_site = language.sites.read(*problem.sites) if problem.sites else _NOWHERE
    severity = problem.severity or _severity(problem, language)
    when = problem.onset or problem.recorded
    by_words = [concept for concept in said if concept not in by_code and not (by_code and concept in causes)]
    alone = len(by_code) + len(by_words) == 1
    found = []
    for concept, match in by_code.items():
        words = said.get(concept)
        why = reasons + (("hypothetical",) if words is not None and words.hypothetical else ())
        site = own_site if own_site != _NOWHERE else language.sites.read(*problem.texts)
        tier_c = words is None and match.tier == "C"
        found.append(
            Recognised(
                concept, problem.source, problem, "weak" if why else "strong", why, problem.state, True, tier_c,
                text, site, severity, when, alone,
            )
        )  # fmt: skip
    for concept in by_words:
        words = said[concept]
        why = (*reasons, "text-only") + (("hypothetical",) if words.hypothetical else ())
        site = own_site if own_site != _NOWHERE else words.site
        found.append(
            Recognised(
                concept, problem.source, problem, "weak", why, problem.state, False, False,
                text, site, severity, when, alone,
            )
        )  # fmt: skip
    return found


def worded(texts: tuple[str, ...], sites: tuple[str, ...]) -> tuple[str, ...]:
    """The words of a datum, and its first words together with its site: "Œdème" at the ankle is an ankle oedema."""
    return (*texts, f"{texts[0]} {' '.join(sites)}") if texts and sites else texts


_NOWHERE = Site()


def _severity(problem: Problem, language: Language) -> Severity | None:
    for text in (problem.severity_text, *problem.texts):
        graded = language.severity(text) if text else None
        if graded is not None:
            return graded
    return None


def _by_code(matches: Iterable[Match], said: Mapping[str, Said]) -> dict[str, Match]:
    """The concepts that codes say, each with its best code; a shared code needs the words too (ACC-2)."""
    best: dict[str, Match] = {}
    for match in matches:
        if match.needs_text and match.concept not in said:
            continue
        known = best.get(match.concept)
        if known is None or _TIERS[match.tier] < _TIERS[known.tier]:
            best[match.concept] = match
    return best


_TIERS = {"A": 0, "title": 1, "B": 2, "C": 3}


def _said(texts: Iterable[str], language: Language) -> dict[str, Said]:
    """What the words say, each concept once: the first mention that is not hypothetical, else the first."""
    said: dict[str, Said] = {}
    for text in texts:
        for each in language.concepts(text):
            known = said.get(each.term)
            if known is None or (known.hypothetical and not each.hypothetical):
                said[each.term] = each
    return said


def _words_of(matches: Iterable[Match]) -> str:
    return next((match.coding.display or match.coding.code for match in matches), "")


def _in_finding(finding: Finding, language: Language) -> list[Recognised]:
    said = _said((*worded(finding.texts, finding.sites), *finding.value_texts), language)
    by_code = _by_code((*finding.matches, *finding.value_matches), said)
    text = " : ".join((*finding.texts[:1], *finding.value_texts[:1])) or _words_of(finding.matches)
    site = language.sites.read(*finding.sites) if finding.sites else _NOWHERE
    why = ("preliminary",) * finding.preliminary
    severity = finding.severity or next((s for s in map(language.severity, finding.value_texts) if s), None)
    if severity == "absent":
        return []
    found = []
    for concept, match in by_code.items():
        words = said.get(concept)
        reasons = why + (("hypothetical",) if words is not None and words.hypothetical else ())
        found.append(
            Recognised(
                concept, finding.source, finding, "weak" if reasons else "strong", reasons, "active", True,
                words is None and match.tier == "C", text, site, severity, finding.when,
            )
        )  # fmt: skip
    for concept, said_words in said.items():
        if concept not in by_code:
            reasons = (*why, "text-only") + (("hypothetical",) if said_words.hypothetical else ())
            found.append(
                Recognised(
                    concept, finding.source, finding, "weak", reasons, "active", False, False,
                    text, site if site != _NOWHERE else said_words.site, severity, finding.when,
                )
            )  # fmt: skip
    return found


def _in_report(report: Report, language: Language, rules: RecognitionChapter) -> list[Recognised]:
    why = ("preliminary",) * report.preliminary
    said = _said(report.texts, language)
    found = []
    for concept, match in _by_code((*report.matches, *report.value_matches), said).items():
        words = said.get(concept)
        reasons = why + (("hypothetical",) if words is not None and words.hypothetical else ())
        site = words.site if words is not None else Site()
        found.append(
            Recognised(
                concept, report.source, report, "weak" if reasons else "strong", reasons, "active", True,
                words is None and match.tier == "C", match.coding.display or match.coding.code, site, None, report.when,
            )
        )  # fmt: skip
    for text in report.texts:
        for words in language.concepts(text):
            reasons = why + (("hypothetical",) if words.hypothetical else ())
            if words.term not in rules.strong_in_reports:
                reasons = (*reasons, "text-only")
            found.append(
                Recognised(
                    words.term, report.source, report, "weak" if reasons else "strong", reasons, "active", False, False,
                    words.sentence, words.site, language.severity(words.sentence), report.when,
                )
            )  # fmt: skip
    for name in report.name:
        for words in language.concepts(name):
            found.append(
                Recognised(
                    words.term, report.source, report, "weak", ("text-only",), "active", False, False,
                    name, words.site, None, report.when,
                )
            )  # fmt: skip
    return found


def _in_procedure(procedure: Procedure, language: Language) -> list[Recognised]:
    said = _said(procedure.texts, language)
    by_code = _by_code(procedure.matches, said)
    text = procedure.texts[0] if procedure.texts else _words_of(procedure.matches)
    site = language.sites.read(*procedure.sites, *procedure.texts)
    found = [
        Recognised(
            concept, procedure.source, procedure, "strong", (), "active", True, match.tier == "C" and concept not in said,
            text, site, None, procedure.last or procedure.first,
        )
        for concept, match in by_code.items()
    ]  # fmt: skip
    if not by_code:
        found += [
            Recognised(
                concept, procedure.source, procedure, "weak", ("text-only",), "active", False, False,
                text, site, None, procedure.last or procedure.first,
            )
            for concept in said
        ]  # fmt: skip
    return found
