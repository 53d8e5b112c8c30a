"""The schema of rules/orders.yaml: order classes, order-time rules ORD-1 to ORD-10, intervals (section 12b)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, lru_cache
from typing import Literal, NamedTuple, Self

from pydantic import Field, model_validator

from cds.reasoning.conclusions import Text
from cds.reasoning.knowledge.criteria import Criterion
from cds.reasoning.knowledge.language import Phrase
from cds.reasoning.knowledge.reading import Dashed
from cds.reasoning.language.negation import Span, overlaps
from cds.reasoning.language.patterns import Lexicon, compile_phrases, stems_in
from cds.reasoning.language.text import fold

__all__ = [
    "Duplicates",
    "Imaging",
    "Interval",
    "Note",
    "OrderClass",
    "OrderRule",
    "OrdersChapter",
    "Part",
    "Reason",
    "Row",
    "Said",
    "Site",
    "Want",
    "Worded",
]

Kind = Literal["MedicationRequest", "ServiceRequest", "DeviceRequest"]
Part = Literal["name", "route", "note"]
"""Where the words of an order stand."""


class Worded(NamedTuple):
    """Words of an order class that an order says."""

    order_class: str
    what: str
    """"words", "named", "never" or "another" (`OrderClass`)."""


class Said(Dashed):
    """Words that an order may say, in the notation of rules/terms."""

    say: tuple[Phrase, ...] = ()
    never: tuple[Phrase, ...] = ()
    """Phrases that hold such a word and mean something else."""

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return compile_phrases(self.say)

    def stands_in(self, text: str) -> bool:
        """Whether `text`, as written, says one of the words."""
        return self._pattern.search(fold(text)) is not None

    def opens(self, text: str) -> bool:
        """Whether `text` begins with one of the words."""
        return self._pattern.match(fold(text).lstrip()) is not None


class OrderClass(Dashed):
    """What a draft order may be (12b.2), or a way in which it is worded."""

    id: str
    term: Text
    kinds: tuple[Kind, ...]
    also: tuple[str, ...] = ()
    """It is what belongs to all of these classes; then it has no codes, names and words of its own."""
    codes: tuple[str, ...] = ()
    """Value sets. A code that needs text counts only beside `named` or the words of the class."""
    not_codes: tuple[str, ...] = ()
    """Value sets whose codes and names take a medicine out again."""
    names: tuple[str, ...] = ()
    """Classes of rules/medicines.yaml whose names count where there is no ATC code."""
    words: Said = Said()
    """Count where there is no ATC code (ORD-0b)."""
    named: Said = Said()
    never: Said = Said()
    """Whatever the code: words beside which it is no such order."""
    another: Said = Said()
    """Another medicine of a shared group: unless the words name the class as well, its code says nothing."""
    reads: tuple[Part, ...] = ("name",)
    """Where the words are looked for."""
    always: bool = False
    """A way of ordering, not a medicine: words count whatever the code says."""
    told: bool = False
    """A substance that the detail names when the order also holds another one (ORD-0c)."""


class Reason(Dashed):
    """One of several conditions, and the value of {reason} that it gives to the summary."""

    reason: str
    when: Criterion


class Want(Dashed):
    """A request that a row offers: an entry of rules/workup."""

    key: str
    unless_within: int | None = Field(None, gt=0)
    """Days within which a usable result makes it superfluous."""
    after_days: int | None = Field(None, gt=0)
    when: Criterion | None = None

    @model_validator(mode="before")
    @classmethod
    def _key_alone(cls, written: object) -> object:
        return {"key": written} if isinstance(written, str) else written


class Note(Dashed):
    """A sentence of the detail that depends on the patient."""

    when: Criterion
    text: Text


class Row(Dashed):
    """One condition of a rule. The first row that applies decides."""

    variant: str = ""
    silent: bool = False
    """Nothing is said, whatever stands below."""
    when: Criterion | None = None
    because: tuple[Reason, ...] = ()
    """One of these must hold besides `when`; the first one that does names the reason."""
    unless: Criterion | None = None
    """Where this is known to be true, the row does not apply."""
    country: str = ""
    """Only where the site's `label-country` is this one."""
    not_after: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    """Rule -> its variants: where one of them applies to the same draft, this row does not."""
    remove: bool = False
    requests: tuple[Want, ...] = ()
    priority: Literal["routine", "urgent", "asap", "stat"] = "routine"
    sources: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _says_when(self) -> Self:
        if self.when is None and not self.because:
            raise ValueError("a row needs `when` or `because`")
        if self.silent and (self.variant or self.remove or self.requests):
            raise ValueError("a silent row says nothing else")
        return self


class OrderRule(Dashed):
    """One of ORD-1 to ORD-9."""

    id: str
    card: str
    classes: tuple[str, ...]
    keep_when: Criterion | None = None
    """Where this holds, the draft is not offered for removal."""
    notes: tuple[Note, ...] = ()
    rows: tuple[Row, ...]


class Interval(Dashed):
    """Tests that are not repeated within a time (12b.4)."""

    id: str
    tests: tuple[tuple[str, ...], ...]
    """Each: the test, then those whose result answers the same question."""
    hours: int = Field(gt=0)
    exempt: Criterion | None = None
    exempt_tests: Mapping[str, Criterion] = Field(default_factory=dict)
    """Exemptions of single tests."""
    positive_stays: bool = False
    """A positive result is not repeated at any age."""

    @property
    def called(self) -> tuple[str, ...]:
        """The tests that a summary names."""
        return tuple(tests[0] for tests in self.tests)


class Imaging(Dashed):
    """Imaging of the same region (12b.4)."""

    classes: tuple[str, ...]
    hours: int = Field(gt=0)


class Duplicates(Dashed):
    """ORD-10."""

    id: str
    card: str
    ordered_days: int
    """An active order of the same test this young is pending."""
    never_priority: tuple[str, ...]
    never: tuple[str, ...]
    """Order classes: words that say why it is repeated."""
    imaging_never: tuple[str, ...]
    not_beside: Mapping[str, tuple[str, ...]]
    """Rule -> its variants: a draft that gives one of them is no duplicate."""
    intervals: tuple[Interval, ...]
    imaging: Imaging
    sources: tuple[str, ...]


class Site(Dashed):
    """What a site may set."""

    label_country: str = Field(pattern="^[A-Z]{2}$")
    """Whose product labels count (ISO 3166): some rows hold in one country only."""


class OrdersChapter(Dashed):
    """rules/orders.yaml."""

    site: Site
    current_days: int
    """ORD-0e: calcium and phosphate "now"."""
    pressure_days: int
    mri_days: int
    renewal_days: int
    not_judged: str
    """Order class of medicines that are left aside (ORD-0b)."""
    mri: str
    """Order class whose words also say that a report is one of MRI."""
    segment_imaging: tuple[str, ...]
    """Order classes whose words say that a report is a CT or a radiograph."""
    named_tumours: tuple[str, ...]
    open_ulcers: tuple[str, ...]
    product: Text
    """Label of the calcium x phosphate row."""
    classes: tuple[OrderClass, ...]
    rules: tuple[OrderRule, ...]
    duplicates: Duplicates

    @cached_property
    def by_id(self) -> Mapping[str, OrderClass]:
        return {each.id: each for each in self.classes}

    @cached_property
    def _lexicon(self) -> Lexicon[tuple[Worded, bool]]:
        """The words of all classes, so that a text is looked up once; True: a phrase that takes the words away."""
        return Lexicon(
            [
                ((Worded(each.id, what), taken_away), phrases)
                for each in self.classes
                for what in ("words", "named", "never", "another")
                for taken_away, phrases in ((False, getattr(each, what).say), (True, getattr(each, what).never))
            ]
        )

    def hear(self, text: str) -> frozenset[Worded]:
        """What `text`, as written, says of any class."""
        if not text:
            return frozenset()
        words = fold(text)
        hits = self._lexicon.find(words, stems_in(words))
        taken: dict[Worded, list[Span]] = {}
        for start, end, (heard, taken_away) in hits:
            if taken_away:
                taken.setdefault(heard, []).append((start, end))
        return frozenset(
            heard
            for start, end, (heard, taken_away) in hits
            if not taken_away and not overlaps(start, end, taken.get(heard, ()))
        )

    @cached_property
    def heard(self) -> Callable[[str], frozenset[Worded]]:
        """The same for the names and routes of what is ordered, remembered: the same few are ordered every day."""
        return lru_cache(maxsize=4096)(self.hear)

    @cached_property
    def by_concept(self) -> Mapping[str, frozenset[str]]:
        """Value set or class of medicines -> the order classes that its codes and names speak for."""
        found: dict[str, set[str]] = {}
        for each in self.classes:
            for concept in (*each.codes, *each.names):
                found.setdefault(concept, set()).add(each.id)
        return {concept: frozenset(names) for concept, names in found.items()}

    @cached_property
    def hazardous(self) -> frozenset[str]:
        """The classes that ORD-1 to ORD-9 judge."""
        return frozenset(name for rule in self.rules for name in rule.classes)

    @model_validator(mode="after")
    def _classes_are_known(self) -> Self:
        known = {each.id for each in self.classes}
        for name in self._class_names():
            if name not in known:
                raise ValueError(f"'{name}' is no class of orders")
        return self

    def _class_names(self) -> Iterator[str]:
        yield from (self.not_judged, self.mri, *self.segment_imaging)
        yield from (*self.duplicates.never, *self.duplicates.imaging_never, *self.duplicates.imaging.classes)
        for each in self.classes:
            yield from each.also
        for rule in self.rules:
            yield from rule.classes
        for criterion in self.criteria():
            for leaf in criterion.leaves():
                if leaf.kind in ("draft", "drafted", "taken"):
                    yield from leaf.argument

    def criteria(self) -> Iterator[Criterion]:
        """Every criterion of the chapter."""
        for rule in self.rules:
            yield from (each for each in (rule.keep_when, *(note.when for note in rule.notes)) if each is not None)
            for row in rule.rows:
                yield from (each.when for each in row.because)
                yield from (
                    each for each in (row.when, row.unless, *(want.when for want in row.requests)) if each is not None
                )
        for interval in self.duplicates.intervals:
            yield from interval.exempt_tests.values()
            if interval.exempt is not None:
                yield interval.exempt
