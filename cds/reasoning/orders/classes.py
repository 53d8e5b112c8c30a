"""What a draft order is: by code, and where no ATC code says what a medicine is, by its words and names (ORD-0b).

The same reading serves the medicines that the record says are taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from cds.reasoning.chart import Draft, Medicine
from cds.reasoning.facts import Facts
from cds.reasoning.knowledge.orders import OrderClass, OrdersChapter, Part, Worded
from cds.reasoning.medicines import medicines_taken

__all__ = ["classes_of", "drafted", "judged", "taken"]


def classes_of(draft: Draft, chapter: OrdersChapter) -> frozenset[str]:
    """Every order class that `draft` belongs to: a combination belongs to each class that it contains."""
    heard = _heard(draft, chapter)
    possible = {worded.order_class for said in heard.values() for worded in said}
    for match in draft.matches:
        possible |= chapter.by_concept.get(match.concept, frozenset())
    return frozenset(
        each.id
        for each in chapter.classes
        if (each.id in possible or not possible.isdisjoint(each.also)) and _belongs(draft, each, chapter, heard)
    )


def _heard(draft: Draft, chapter: OrdersChapter) -> Mapping[Part, frozenset[Worded]]:
    """What the words of the order say, by where they stand."""
    return {
        "name": frozenset().union(*map(chapter.heard, draft.texts)),
        "route": chapter.heard(draft.route),
        "note": chapter.hear(draft.note),  # may be about the patient: never remembered
    }


def _belongs(draft: Draft, wanted: OrderClass, chapter: OrdersChapter, heard: Mapping[Part, frozenset[Worded]]) -> bool:
    if draft.kind not in wanted.kinds:
        return False
    if wanted.also:
        return all(_belongs(draft, chapter.by_id[name], chapter, heard) for name in wanted.also)

    def says(what: Worded) -> bool:
        return any(what in heard[part] for part in wanted.reads)

    if says(Worded(wanted.id, "never")) or _has(draft, wanted.not_codes):
        return False
    said = says(Worded(wanted.id, "words"))
    named = said or says(Worded(wanted.id, "named"))
    if _has_code(draft, wanted, named=named):
        return named or not says(Worded(wanted.id, "another"))
    if draft.coded and not wanted.always:
        return False  # ATC says what it is, and it is none of these
    return said or _has_name(draft, wanted.names)


def _has_code(draft: Draft, wanted: OrderClass, *, named: bool) -> bool:
    return any(
        match.concept in wanted.codes and match.coding.code and (named or not match.needs_text)
        for match in draft.matches
    )


def _has_name(draft: Draft, classes: tuple[str, ...]) -> bool:
    """A name of rules/medicines.yaml: a match without a code."""
    return any(match.concept in classes and not match.coding.code for match in draft.matches)


def _has(draft: Draft, concepts: tuple[str, ...]) -> bool:
    return any(match.concept in concepts for match in draft.matches)


def judged(facts: Facts) -> tuple[tuple[Draft, frozenset[str]], ...]:
    """The drafts that are selected and of a class, or a laboratory test, each with its classes (ORD-0a, ORD-0b), in an
    order of their own."""
    chapter = facts.knowledge.orders
    found = []
    for draft, classes in facts(_read):
        if draft.selected and (classes or draft.labs) and chapter.not_judged not in classes:
            found.append((draft, classes))
    return tuple(found)


def _read(facts: Facts) -> tuple[tuple[Draft, frozenset[str]], ...]:
    """Every draft with its classes; nothing depends on the order in which they were sent (invariant 7)."""
    chapter = facts.knowledge.orders
    return tuple((each, classes_of(each, chapter)) for each in sorted(facts.chart.drafts, key=_order))


def _order(draft: Draft) -> tuple[str, str, tuple[str, ...]]:
    return draft.source.type, draft.source.id, draft.texts


def drafted(facts: Facts, draft: Draft, wanted: Iterable[str]) -> tuple[Draft, ...]:
    """The other drafts of the request, selected or not, that belong to one of the classes `wanted`."""
    names = frozenset(wanted)
    left_aside = facts.knowledge.orders.not_judged
    return tuple(
        each for each, classes in facts(_read) if each != draft and classes & names and left_aside not in classes
    )


def taken(facts: Facts, wanted: Iterable[str]) -> tuple[Medicine, ...]:
    """The medicines of the record, active or ended at most 30 days ago, that belong to one of the classes `wanted`."""
    chapter = facts.knowledge.orders
    names = frozenset(wanted)
    concepts = {concept for name in names for concept in _concepts(chapter.by_id[name], chapter)}
    found = []
    for medicine in medicines_taken(facts, *concepts):
        classes = classes_of(_as_draft(medicine), chapter)
        if classes & names and chapter.not_judged not in classes:
            found.append(medicine)
    return tuple(found)


def _concepts(wanted: OrderClass, chapter: OrdersChapter) -> Iterator[str]:
    """What a medicine of the record may be recognised as, to be worth reading."""
    yield from (*wanted.codes, *wanted.names)
    for name in wanted.also:
        yield from _concepts(chapter.by_id[name], chapter)


def _as_draft(medicine: Medicine) -> Draft:
    """A medicine of the record, to be read like an order. Its matches rest on ATC alone where an ATC code decided."""
    coded = any(match.coding.system.endswith("/atc") for match in medicine.matches)
    return Draft(
        medicine.source,
        "MedicationRequest",
        medicine.matches,
        medicine.texts,
        route=medicine.route,
        note=medicine.note,
        coded=coded,
    )
