"""Recognised forms, calcified parasites and the tumour red flag (axis 2: FRM-1 to FRM-10)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from cds.reasoning.calcifications import (
    Calcification,
    calcification_row,
    recorded_calcifications,
    said_of_calcification,
)
from cds.reasoning.conclusions import Conclusion, Evidence, Form, Text
from cds.reasoning.facts import Facts
from cds.reasoning.knowledge.forms import FormRule, Pattern
from cds.reasoning.recognition import Recognised, recognise, recognition_row
from cds.reasoning.workup import Wanted

__all__ = ["form_conclusion", "parasite_conclusion", "recognised_forms", "tumour_conclusion", "tumour_flags"]


def recognised_forms(facts: Facts) -> tuple[Form, ...]:
    """Every form of rules/forms.yaml that the chart shows, in the order of that file."""
    forms: list[Form] = []
    for rule in facts.knowledge.forms.forms:
        form = _form(rule, facts)
        if form is not None:
            forms.append(form)
    ids = {form.id for form in forms}
    excluded = {rule.id for rule in facts.knowledge.forms.forms if set(rule.not_with) & ids}
    return tuple(form for form in forms if form.id not in excluded or form.confidence == "coded")


def _form(rule: FormRule, facts: Facts) -> Form | None:
    named = [
        each
        for each in facts(recognise).active(*rule.names)
        if "hypothetical" not in each.reasons and not (each.site.regions and each.site.regions.issubset(rule.never_in))
    ]
    if named:
        coded = any(each.coded for each in named)
        return Form(rule.id, rule.term, "coded" if coded else "text", tuple(map(recognition_row, named)))
    for pattern in rule.pattern:
        rows = _pattern_rows(pattern, facts)
        if rows:
            return Form(rule.id, rule.term, "text", rows)
    return None


def _pattern_rows(pattern: Pattern, facts: Facts) -> tuple[Evidence, ...]:
    """The evidence when one calcification fits the pattern; empty when none does."""
    words, wanted, recognition = pattern.words, pattern.beside, facts(recognise)
    spoken = _certain(recognition.active(*words))
    beside = _certain(recognition.of(*wanted))
    if (words and not spoken) or (wanted and not beside):
        return ()
    for calcification in facts(recorded_calcifications):
        said = [each for each in spoken if each.source == calcification.source]
        if words and not said:
            continue
        if pattern.layers and len(calcification.layers & set(pattern.layers)) < pattern.layers_at_least:
            continue
        if pattern.areas and not any(facts.language.sites.within(calcification.site, area) for area in pattern.areas):
            continue
        return (calcification_row(calcification), *map(recognition_row, (*said, *beside)))
    return ()


def _certain(recognised: Iterable[Recognised]) -> list[Recognised]:
    return [each for each in recognised if "hypothetical" not in each.reasons]


def form_conclusion(facts: Facts) -> Wanted | None:
    """The one C-FORM card, listing every recognised form."""
    forms = facts(recognised_forms)
    if not forms or not facts(recorded_calcifications):
        return None
    chapter = facts.knowledge.forms
    rules = {rule.id: rule.rule for rule in chapter.forms}
    words = facts.knowledge.cards.placeholder("form")
    keys: list[str] = []
    notes: list[Text] = []
    for form in forms:
        value = next(each for each in words.values if each.id == form.id)
        keys += [ask.key for ask in value.requests]
        notes += value.messages
    return Wanted(
        Conclusion(
            card=chapter.card,
            rule=rules[forms[0].id],
            certainty="confirmed" if forms[0].confidence == "coded" else "probable",
            values={"form": words.filled(*(form.id for form in forms))},
            evidence=tuple(dict.fromkeys(row for form in forms for row in form.evidence)),
            notes=(_listed(forms), *notes) if len(forms) > 1 else tuple(notes),
            sources=chapter.tags,
            decisions=("D-2",),
        ),
        tuple(keys),
    )


def _listed(forms: tuple[Form, ...]) -> Text:
    return Text(
        "Recognised: " + ", ".join(form.term.en for form in forms) + ".",
        "Formes reconnues : " + ", ".join(form.term.fr for form in forms) + ".",
    )


def parasite_conclusion(facts: Facts) -> Wanted | None:
    """C-PARA: on a pattern, or on a coded parasite beside a calcification (FRM-8)."""
    rules = facts.knowledge.forms.parasites
    if not facts(recorded_calcifications):
        return None
    words = facts.knowledge.cards.placeholder("parasite")
    found = [
        each
        for concept in rules.concepts
        for each in facts(recognise).of(concept)
        if each.coded or "hypothetical" not in each.reasons
    ]
    key = found[0].concept if found else ""
    pattern_said: tuple[Recognised, ...] = ()
    for pattern in rules.patterns:
        said = said_of_calcification(facts, pattern.words)
        if said:
            pattern_said += said
            key = key or pattern.placeholder
    if not key:
        return None
    value = next(each for each in words.values if each.id == key)
    rows = (*map(recognition_row, (*found, *pattern_said)), *map(calcification_row, facts(recorded_calcifications)))
    return Wanted(
        Conclusion(
            card=rules.card,
            rule=rules.rule,
            certainty="probable" if any(each.coded for each in found) else "possible",
            values={"parasite": words.filled(key)},
            evidence=tuple(dict.fromkeys(rows)),
            notes=value.messages,
            sources=rules.tags,
        )
    )


class Flags(NamedTuple):
    """FRM-9: which red flags a calcified mass shows."""

    texts: tuple[Text, ...]
    evidence: tuple[Evidence, ...]
    site: str


def tumour_flags(facts: Facts) -> Flags | None:
    """The open red flag of a calcified soft tissue mass; None when it is closed or the lesion is already named."""
    rules = facts.knowledge.forms.tumour
    masses = [*facts(recognise).active(*rules.mass.concepts), *facts(recognise).active(*rules.mass.words)]
    calcified = [each for each in facts(recorded_calcifications) if _belongs(each, masses, facts)]
    if not masses or not calcified:
        return None
    sources = {each.source for each in masses} | {each.source for each in calcified}

    def said(term: str) -> list[Recognised]:
        return [each for each in facts(recognise).active(term) if each.source in sources]

    suspicious = said(rules.suspicious.words)
    if not suspicious and any(_names_lesion(each, masses, facts) for each in facts(recognise).of(*rules.named)):
        return None
    texts = [flag.text for flag in rules.flags if said(flag.words)]
    near = rules.near_joint
    if facts.age is not None and near.ages.from_ <= facts.age <= near.ages.to and said(near.words):
        texts.append(near.text)
    if suspicious:
        texts.append(rules.suspicious.text)
    if not texts:
        return None
    rows = (*map(calcification_row, calcified), *map(recognition_row, masses))
    site = next((each.text for each in masses if each.site.regions), "")
    return Flags(tuple(texts), tuple(dict.fromkeys(rows)), site)


def _names_lesion(named: Recognised, masses: list[Recognised], facts: Facts) -> bool:
    """Whether a diagnosis names one of `masses`, without a hypothetical word; words for any tumour name nothing."""
    if "hypothetical" in named.reasons or not (named.coded or named.concept not in facts.knowledge.forms.tumour.coded):
        return False
    overlap = facts.language.sites.overlap
    return any(each.source == named.source or overlap(each.site, named.site) is not False for each in masses)


def _belongs(calcification: Calcification, masses: list[Recognised], facts: Facts) -> bool:
    return any(
        each.source == calcification.source or facts.language.sites.overlap(each.site, calcification.site) is not False
        for each in masses
    )


def tumour_conclusion(facts: Facts) -> Wanted | None:
    """C-TUMOUR (FRM-9)."""
    flags = facts(tumour_flags)
    if flags is None:
        return None
    rules = facts.knowledge.forms.tumour
    note = Text(
        "Red flags: " + ", ".join(each.en for each in flags.texts) + ".",
        "Critères d'alerte : " + ", ".join(each.fr for each in flags.texts) + ".",
    )
    return Wanted(
        Conclusion(
            rules.card, rules.rule, certainty="possible", evidence=flags.evidence, notes=(note,), sources=rules.tags
        ),
        site=flags.site,
    )
