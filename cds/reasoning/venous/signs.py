"""The signs of chronic venous disease that a chart records: site, window, severity, course (CVI-1, ACC-5, PIT-14, PIT-22).

Concepts are looked up, not searched for: what words and codes mean was settled by `cds.reasoning.recognition`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from cds.reasoning.chart import Finding, Moment, Problem, Procedure, Report
from cds.reasoning.conclusions import Text
from cds.reasoning.facts import Facts
from cds.reasoning.knowledge.porter import Course, PorterChapter, SignRow, Span, Uncounted
from cds.reasoning.language.sites import Site
from cds.reasoning.recognition import Recognised, recognise
from cds.reasoning.time import age_days
from cds.reasoning.venous.competing import Explanation, explanations
from cds.reasoning.venous.staging import Reading, Sign
from cds.reasoning.venous.words import Words

__all__ = ["on_the_leg", "read_signs"]

LEG = "leg-area"
"""Area of rules/sites.yaml."""
CEAP_TERM = Text("CEAP clinical class", "classe clinique CEAP")
_NOT_CONFIRMED = frozenset({"provisional", "preliminary"})


def read_signs(facts: Facts) -> list[Reading]:
    """Every sign that the chart records, each with the reason if it does not count whatever the other signs are."""
    chapter: PorterChapter = facts.knowledge.porter
    recognised = chapter.concepts.intersection(facts(recognise).by_concept)
    if not recognised:
        return []
    rows = {row.id: row for concept in recognised for row in chapter.rows_of.get(concept, ())}
    known: dict[str, tuple[Explanation, ...]] = {}

    def explained(name: str) -> tuple[Explanation, ...]:
        if name not in known:
            known[name] = tuple(explanations(facts, chapter.explained_by[name]))
        return known[name]

    readings = [reading for row in rows.values() for reading in _of_row(facts, row, explained)]
    if chapter.ceap.concept in recognised:
        readings += _of_ceap(facts)
    return readings + list(_absent(facts, {each.sign.id for each in readings}))


def on_the_leg(facts: Facts, site: Site, area: str = LEG) -> bool | None:
    """Whether a site is the leg; None where no region is named that could tell."""
    return facts.language.sites.within(site, area) if site.regions else None


def last_seen(recognised: Recognised) -> Moment | None:
    """The last date that it is known to have been there: of a diagnosis the later of onset and recording."""
    datum = recognised.datum
    if isinstance(datum, Problem) and datum.onset and datum.recorded:
        return max(datum.onset, datum.recorded, key=lambda each: each.instant)
    return recognised.when


def _of_row(facts: Facts, row: SignRow, explained: Callable[[str], tuple[Explanation, ...]]) -> Iterator[Reading]:
    for each in _merged(facts, row):
        words = Words(facts, each)
        if (row.only_with and row.only_with not in words.terms) or (row.never_with and row.never_with in words.terms):
            continue
        sign = _sign(facts, row, each, words)
        uncounted = _uncounted(facts, row, each, words)
        cause = None
        if uncounted is None and row.not_when:
            found = next((e for e in explained(row.not_when) if _touches(e.sides, sign.sides)), None)
            if found is not None:
                uncounted, cause = "explained", found.cause.term
        yield Reading(sign, uncounted, cause)


def _touches(some: frozenset[str], others: frozenset[str]) -> bool:
    """Whether two recorded sides may be the same: an unrecorded side is either."""
    return not some or not others or not some.isdisjoint(others)


def _merged(facts: Facts, row: SignRow) -> list[Recognised]:
    """What is recognised as this sign, each datum (of a report: each sentence) once; a code comes before words."""
    recognised = [each for each in facts(recognise).of(*row.concepts) if not isinstance(each.datum, Procedure)]
    if len(recognised) < 2:
        return recognised
    found: dict[tuple[object, str], Recognised] = {}
    for each in recognised:
        key = (each.source, each.text)
        if key not in found or (each.coded and not found[key].coded):
            found[key] = each
    return list(found.values())


def _sign(facts: Facts, row: SignRow, recognised: Recognised, words: Words) -> Sign:
    chapter = facts.knowledge.porter
    hypothetical = "hypothetical" in recognised.reasons
    doubtful = not _NOT_CONFIRMED.isdisjoint(recognised.reasons)
    said = next((each.stage for each in row.in_words if words.say(each.words)), None)
    severity = words.severity(row.concepts)
    span = said or row.stage.by(severity)
    if hypothetical and span is not None:
        span = Span(None, span.high)
    course = _course(facts, row, recognised, words)
    when = last_seen(recognised)
    listed_long = row.listed_for is not None and when is not None and age_days(facts.now, when) > row.listed_for
    named = row.context_site == "leg" or _leg_is_named(facts, row, recognised.site, words)
    return Sign(
        id=row.id,
        place=chapter.place[row.id],
        term=row.term,
        source=recognised.source,
        text=recognised.text,
        span=span,
        severity=severity,
        graded=said is not None or (row.stage.any_ is None and severity is not None),
        sides=recognised.site.sides,
        when=when,
        ceap=row.courses.get(course, row.ceap) if course else row.ceap,
        course=course,
        provisional=row.provisional or doubtful,
        doubtful=doubtful,
        trophic=row.trophic,
        needs_trophic=row.with_same_side is not None,
        needs_context=row.context == "needed" or not named,
        gives_context=row.context == "gives" and named and not hypothetical,
        alone=row.alone,
        yields_to=row.yields_to,
        lasting=row.past_counts,
        cause=row.cause,
        ask=row.ask,
        ask_anyway=course != "healed" and (listed_long or row.ask_always),
        recognised=recognised,
    )


def _course(facts: Facts, row: SignRow, recognised: Recognised, words: Words) -> Course | None:
    """Of an ulcer: what its status says, else what its words say, else open (D-10, PIT-22)."""
    if row.listed_for is None:
        return None
    if recognised.state == "past":
        return "healed"
    if isinstance(recognised.datum, Problem) and recognised.datum.clinical in ("recurrence", "relapse"):
        return "recurrent"
    return facts.knowledge.porter.ulcer_words.course(words.terms)


def _leg_is_named(facts: Facts, row: SignRow, site: Site, words: Words) -> bool:
    return on_the_leg(facts, site, row.area) is True or words.say(row.site_in_words)


def _uncounted(facts: Facts, row: SignRow, recognised: Recognised, words: Words) -> Uncounted | None:
    """Why one recognition does not count, whatever else the chart says."""
    if recognised.state == "past" and not row.past_counts:
        return "past"
    if off := _off_site(facts, row, recognised, words):
        return off
    when = last_seen(recognised)
    if when is None and not isinstance(recognised.datum, Problem):
        return "undated"
    if row.window is not None and when is not None and age_days(facts.now, when) > row.window:
        return "old"
    if row.code_yields_to and _words_name_another(facts, row, words):
        return "other-sign-in-words"
    return None


def _off_site(facts: Facts, row: SignRow, recognised: Recognised, words: Words) -> Uncounted | None:
    site = recognised.site
    leg = on_the_leg(facts, site, row.area)
    if leg is False or words.say(row.elsewhere_in_words):
        return "elsewhere"
    if row.site == "named" and not _leg_is_named(facts, row, site, words):
        return "site-unknown"
    return None


def _words_name_another(facts: Facts, row: SignRow, words: Words) -> bool:
    """A shared ICD code, and words of the same diagnosis that name another sign and not this one (CVI-1a)."""
    recognised = words.recognised
    datum = recognised.datum
    if not recognised.coded or not isinstance(datum, Problem):
        return False
    if any(match.tier != "title" for match in datum.matches if match.concept in row.concepts):
        return False
    rows = facts.knowledge.porter.by_id
    others = [concept for name in row.code_yields_to for concept in rows[name].concepts]
    if not any(each.source == recognised.source and not each.coded for each in facts(recognise).of(*others)):
        return False
    return words.terms.isdisjoint(row.concepts)


def _of_ceap(facts: Facts) -> Iterator[Reading]:
    """Recorded CEAP classes: of a finding called CEAP, or of a sentence that says CEAP (8.3, PIT-21)."""
    chapter = facts.knowledge.porter.ceap
    for each in facts(recognise).of(chapter.concept):
        classes = [name for name in _classes(facts, each) if name in chapter.by_id]
        if classes:
            yield Reading(_ceap_sign(facts, each, max(classes, key=chapter.rank.__getitem__)), _ceap_uncounted(each))


def _classes(facts: Facts, recognised: Recognised) -> Iterable[str]:
    datum = recognised.datum
    if isinstance(datum, Finding):
        values = (datum.value, *datum.value_texts) if isinstance(datum.value, str) else datum.value_texts
        return [name for text in values for name in facts.language.ceap(text, named=True)]
    texts = datum.texts if isinstance(datum, Problem | Report) else ()
    return [name for text in texts for name in facts.language.ceap(text, named=False)]


def _ceap_sign(facts: Facts, recognised: Recognised, name: str) -> Sign:
    chapter = facts.knowledge.porter
    row = chapter.ceap.by_id[name]
    hypothetical = "hypothetical" in recognised.reasons
    doubtful = not _NOT_CONFIRMED.isdisjoint(recognised.reasons)
    return Sign(
        id="ceap",
        place=len(chapter.signs),
        term=CEAP_TERM,
        source=recognised.source,
        text=recognised.text,
        span=Span(None, row.stage.high) if hypothetical else row.stage,
        graded=True,
        sides=recognised.site.sides,
        when=last_seen(recognised),
        ceap=name,
        course=row.course,
        provisional=row.provisional or doubtful,
        doubtful=doubtful,
        trophic=row.trophic,
        needs_context=not row.context,
        gives_context=row.context and not hypothetical,
        alone=name == chapter.ceap.classes[0].id,
        ask=chapter.by_id[row.ask].ask if row.ask else None,
        recognised=recognised,
    )


def _ceap_uncounted(recognised: Recognised) -> Uncounted | None:
    if recognised.state == "past":
        return "past"
    return "undated" if recognised.when is None and not isinstance(recognised.datum, Problem) else None


def _absent(facts: Facts, present: set[str]) -> Iterator[Reading]:
    """Examinations that found a sign to be absent, of the signs that the chart also records as present."""
    if not present:
        return
    for finding in facts.chart.findings:
        if (finding.value is False or finding.severity == "absent") and finding.when is not None:
            said = {match.concept for match in (*finding.matches, *finding.value_matches)}
            said |= {each.term for text in finding.texts for each in facts.language.concepts(text)}
            for row in facts.knowledge.porter.signs:
                if row.id in present and not said.isdisjoint(row.concepts):
                    site = facts.language.sites.read(*finding.sites) if finding.sites else Site()
                    text = " : ".join((*finding.texts[:1], *finding.value_texts[:1]))
                    place = facts.knowledge.porter.place[row.id]
                    yield Reading(
                        Sign(
                            row.id, place, row.term, finding.source, text, None, "absent",
                            sides=site.sides, when=finding.when,
                        )
                    )  # fmt: skip
