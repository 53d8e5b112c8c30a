"""Where an order and what the record says of a place meet: arteries of a leg, a mass, a muscle (ORD-7 to ORD-9)."""

from __future__ import annotations

from collections.abc import Iterable

from cds.reasoning.calcifications import recorded_calcifications
from cds.reasoning.chart import Draft, Ref, Report
from cds.reasoning.conclusions import Evidence
from cds.reasoning.facts import Facts
from cds.reasoning.forms import recognised_forms, tumour_flags
from cds.reasoning.language.sites import Site
from cds.reasoning.orders.classes import drafted
from cds.reasoning.recognition import Recognised, recognise, recognition_row
from cds.reasoning.time import age_days
from cds.reasoning.venous.stage import staging
from cds.reasoning.venous.ulcer import Measured, newest, open_ulcers

__all__ = [
    "imaged_myonecrosis",
    "mri_asked",
    "mri_reports",
    "myonecrosis",
    "named_tumours",
    "pressure",
    "red_flag_mass",
    "report_site",
    "site_of",
    "ulcers",
]

_MYONECROSIS = "calcific-myonecrosis"


def site_of(facts: Facts, draft: Draft) -> Site:
    """The site of an order: its body site, else the words of what is asked for."""
    if draft.sites:
        return facts.language.sites.read(*draft.sites)
    return facts.language.sites.read(*draft.texts) if draft.texts else Site()


def _meets(facts: Facts, draft: Draft, sites: Iterable[Site]) -> bool:
    """Compatible, or not recorded on either side (ORD-8)."""
    here = site_of(facts, draft)
    return any(facts.language.sites.overlap(here, each) is not False for each in sites)


# --- arteries and ulcers (ORD-7) ------------------------------------------------------------------------------------


def pressure(facts: Facts, draft: Draft, concept: str) -> Measured | None:
    """The newest number of an examination of that leg, or of an unknown side."""
    return newest(facts, concept, site_of(facts, draft).sides, days=facts.knowledge.orders.pressure_days)


def ulcers(facts: Facts) -> tuple[Evidence, ...]:
    """The open ulcers of the legs, venous or not."""
    venous = [each.recognised for each in open_ulcers(facts, facts(staging)) if each.recognised is not None]
    others = [
        each
        for each in facts(recognise).active(*facts.knowledge.orders.open_ulcers)
        if "hypothetical" not in each.reasons
    ]
    return tuple(dict.fromkeys(map(recognition_row, (*venous, *others))))


# --- masses (ORD-8 a, ORD-9 a) --------------------------------------------------------------------------------------


def red_flag_mass(facts: Facts, draft: Draft) -> tuple[Evidence, ...]:
    """The mass whose red flag is open (FRM-9), where the order can be about it."""
    flags = facts(tumour_flags)
    if flags is None:
        return ()
    return flags.evidence if _meets(facts, draft, _mass_sites(facts, flags.evidence)) else ()


def _mass_sites(facts: Facts, rows: tuple[Evidence, ...]) -> tuple[Site, ...]:
    """Where the mass lies: what is said of the mass itself, else of the calcification, else unknown."""
    rules = facts.knowledge.forms.tumour.mass
    sources = {row.source for row in rows}
    masses = [each.site for each in facts(recognise).active(*rules.concepts, *rules.words) if each.source in sources]
    deposits = [each.site for each in facts(recorded_calcifications) if each.source in sources]
    for sites in (masses, deposits):
        known = tuple(dict.fromkeys(site for site in sites if site.regions))
        if known:
            return known
    return (Site(),)


def named_tumours(facts: Facts, draft: Draft) -> tuple[Recognised, ...]:
    """Tumours that a code names, where the order can be about them."""
    return tuple(
        each
        for each in facts(recognise).active(*facts.knowledge.orders.named_tumours)
        if each.coded and each.weight == "strong" and _meets(facts, draft, (each.site,))
    )


def mri_reports(facts: Facts, draft: Draft) -> tuple[Report, ...]:
    """Final MRI reports of the mass's region, or of a region not recorded, of the last six months."""
    chapter = facts.knowledge.orders
    flags = facts(tumour_flags)
    masses = _mass_sites(facts, flags.evidence) if flags is not None else (site_of(facts, draft),)
    return tuple(
        each
        for each in facts.chart.reports
        if _is_by(facts, each, chapter.mri)
        and each.when is not None
        and not each.preliminary
        and age_days(facts.now, each.when) <= chapter.mri_days
        and any(facts.language.sites.overlap(report_site(facts, each), mass) is not False for mass in masses)
    )


def mri_asked(facts: Facts, draft: Draft) -> tuple[Ref, ...]:
    """Another draft, or an order that was placed, of an MRI that can be of that region."""
    chapter = facts.knowledge.orders
    here, sites = site_of(facts, draft), facts.language.sites
    found = [
        each.source
        for each in drafted(facts, draft, (chapter.mri,))
        if sites.overlap(here, site_of(facts, each)) is not False
    ]
    words = chapter.by_id[chapter.mri].words
    found += [
        each.source
        for each in facts.chart.orders
        if any(words.stands_in(text) for text in each.texts)
        and sites.overlap(here, sites.read(*each.texts)) is not False
    ]
    return tuple(found)


def _is_by(facts: Facts, report: Report, *classes: str) -> bool:
    """Whether a report is one of these examinations: by its name, or by the first words of its text."""
    words = [facts.knowledge.orders.by_id[name].words for name in classes]
    return any(
        any(each.stands_in(name) for name in report.name) or any(each.opens(text) for text in report.texts)
        for each in words
    )


def report_site(facts: Facts, report: Report) -> Site:
    """The region of an examination: of its name, else of the beginning of its text, else of all of it."""
    sites = facts.language.sites
    named = sites.read(*report.name) if report.name else Site()
    if named.regions or not report.texts:
        return named
    opening = sites.read(report.texts[0].partition(":")[0])
    return opening if opening.regions else sites.read(*report.texts)


# --- calcific myonecrosis (ORD-8 b, ORD-9 b) ------------------------------------------------------------------------


def myonecrosis(facts: Facts, draft: Draft) -> tuple[Evidence, ...]:
    """The recognised calcific myonecrosis (FRM-6) of the segment that the order is about."""
    form = next((each for each in facts(recognised_forms) if each.id == _MYONECROSIS), None)
    if form is None:
        return ()
    sources = {row.source for row in form.evidence}
    sites = [each.site for each in facts(recognise).active(_MYONECROSIS) if each.source in sources]
    sites += [each.site for each in facts(recorded_calcifications) if each.source in sources]
    return form.evidence if _meets(facts, draft, sites) else ()


def imaged_myonecrosis(facts: Facts, draft: Draft) -> tuple[Evidence, ...]:
    """The calcific myonecrosis of that segment that a report of CT or radiograph has named."""
    chapter = facts.knowledge.orders
    here = myonecrosis(facts, draft)
    found = [
        each
        for each in facts(recognise).active(_MYONECROSIS)
        if isinstance(each.datum, Report)
        and not {"hypothetical", "preliminary"} & set(each.reasons)
        and _is_by(facts, each.datum, *chapter.segment_imaging)
        and _meets(facts, draft, (each.site,))
    ]
    return tuple(map(recognition_row, found)) if here else ()
