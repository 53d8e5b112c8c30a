"""What is concluded about the veins: the C-CVI cards, and what RED-1 withholds of them (CVI-2 to CVI-5, D-20)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from cds.reasoning.calcifications import calcification_row, recorded_calcifications
from cds.reasoning.chart import Coding, Problem
from cds.reasoning.conclusions import Certainty, Conclusion, Evidence, Gap, Proposal, Text
from cds.reasoning.facts import Facts
from cds.reasoning.kidney import assess_kidney
from cds.reasoning.recognition import recognition_row
from cds.reasoning.redflag import assess_red_flag
from cds.reasoning.venous.calcification import LegCalcification, leg_calcifications
from cds.reasoning.venous.imaging import done
from cds.reasoning.venous.stage import sign_row
from cds.reasoning.venous.staging import Legs, Sign
from cds.reasoning.venous.ulcer import Unhealed, open_ulcers, pressures, unhealed
from cds.reasoning.workup import Wanted

if TYPE_CHECKING:
    from cds.reasoning.venous.stage import Staging

__all__ = ["Wanted", "conclusions", "shown_range", "withheld"]


def conclusions(
    facts: Facts,
    staging: Staging,
    *,
    metabolic_level: Literal["confirmed", "probable", "possible", "none"] | None = None,
    other_strong_local_cause: bool = False,
) -> tuple[Wanted, ...]:
    """Every C-CVI conclusion, before RED-1 withholds any (see `withheld`)."""
    if not staging.context:
        return ()
    calcified = leg_calcifications(facts, staging)
    explained_otherwise = other_strong_local_cause or metabolic_level in ("confirmed", "probable")
    found = [
        *_stage(facts, staging),
        *_calcification(facts, staging, calcified, explained_otherwise=explained_otherwise),
        *_ulcer(facts, staging, calcified),
    ]
    return tuple(found)


def withheld(facts: Facts, found: Sequence[Wanted]) -> tuple[tuple[Wanted, ...], Mapping[str, str]]:
    """What may be shown, and card id -> "RED-1" of what may not: while calciphylaxis is suspected, the venous label
    is exactly what is in doubt (D-20). Critical: no C-CVI card; warning: the stage only."""
    level = facts(assess_red_flag).level
    if level == "none":
        return tuple(found), {}
    rules = facts.knowledge.venous.withheld_by_red_flag
    stays = rules.critical if level == "critical" else rules.warning
    kept = tuple(each for each in found if each.conclusion.card in stays)
    return kept, {each.conclusion.card: "RED-1" for each in found if each.conclusion.card not in stays}


def shown_range(low: int, high: int) -> str:
    """ "3", or "3-4"."""
    return f"{low}" if low == high else f"{low}-{high}"


def _same(words: str) -> Text:
    return Text(words, words)


# ---- C-CVI-STAGE (CVI-5)


def _stage(facts: Facts, staging: Staging) -> Iterator[Wanted]:
    stage = staging.stage
    if stage is None:
        return
    values = {
        "n": _same(shown_range(stage.min, stage.max)),
        "original": _same(shown_range(stage.min - 1, stage.max - 1)),
        "ceap": _same(stage.ceap),
    }
    certainty: Certainty = "possible" if stage.provisional else "confirmed" if stage.min == stage.max else "probable"
    yield Wanted(
        Conclusion(
            card="C-CVI-STAGE",
            rule="CVI-5",
            certainty=certainty,
            values=values,
            evidence=(*stage.evidence, *_other_rows(staging)),
            gaps=tuple(Gap("ambiguous", question) for question in stage.questions),
            notes=tuple(_stage_notes(facts, staging)),
            proposals=tuple(_proposals(facts, staging, values)),
            sources=("S", "R4", "R5"),
            decisions=tuple(_decisions(staging)),
        )
    )


def _other_rows(staging: Staging) -> Iterator[Evidence]:
    """The diagnoses that the signs are read with."""
    seen = {each.source for each in staging.legs.counted}
    for each in staging.diagnoses:
        if each.source not in seen:
            seen.add(each.source)
            yield recognition_row(each)


def _stage_notes(facts: Facts, staging: Staging) -> Iterator[Text]:
    rules, legs, stage = facts.knowledge.venous, staging.legs, staging.stage
    assert stage is not None
    if stage.min != stage.max:
        yield rules.note("lowest")
    if staging.graded:
        yield rules.note("graded")
    left, right = legs.limbs
    if (left.low, left.high) != (right.low, right.high):
        yield rules.note("limbs", left=_of_limb(facts, legs, 0), right=_of_limb(facts, legs, 1))
    if any(each.id == "venous-eczema" for each in legs.counted):
        yield rules.note("eczema")
    if stage.provisional:
        yield rules.note("provisional", signs=_listed(_lowest(legs)))
    for each in legs.counted:
        if each.span is not None and each.span.low is None and each.recognised and _hypothetical(each):
            yield rules.note("hypothetical", sign=each.term)
    yield from _not_counted(facts, staging)


def _hypothetical(sign: Sign) -> bool:
    return sign.recognised is not None and "hypothetical" in sign.recognised.reasons


def _not_counted(facts: Facts, staging: Staging) -> Iterator[Text]:
    """Signs that a competing cause or a site takes out: said, never silent (CVI-1b)."""
    reasons = facts.knowledge.porter.not_counted
    for each in staging.legs.readings:
        if each.uncounted in ("explained", "no-trophic-sign", "site-unknown"):
            why = reasons[each.uncounted]
            if each.cause is not None:
                why = Text(why.en.format(cause=each.cause.en), why.fr.format(cause=each.cause.fr))
            yield facts.knowledge.venous.note("not-counted", sign=each.sign.term, why=why)


def _of_limb(facts: Facts, legs: Legs, place: int) -> Text:
    limb = legs.limbs[place]
    if limb.low is None:
        return facts.knowledge.venous.note("not-stageable")
    shown = shown_range(limb.low, limb.high)
    return Text(f"stage {shown}", f"stade {shown}")


def _lowest(legs: Legs) -> list[Sign]:
    return [each for each in legs.counted if each.span and each.span.low == legs.low]


def _listed(signs: Iterable[Sign]) -> Text:
    terms = list(dict.fromkeys(each.term for each in signs))
    return Text(", ".join(each.en for each in terms), ", ".join(each.fr for each in terms))


def _decisions(staging: Staging) -> Iterator[str]:
    counted = staging.legs.counted
    yield "D-6"
    if any(each.id in ("venous-eczema", "trophic-disorder") for each in counted):
        yield "D-7"
    if any(each.span and each.span.low is not None and each.span.low < each.span.high for each in counted):
        yield "D-8"
    if any(each.alone for each in counted):
        yield "D-9"
    if any(each.course == "healed" for each in counted):
        yield "D-10"
    if staging.graded:
        yield "D-16"


def _proposals(facts: Facts, staging: Staging, values: Mapping[str, Text]) -> Iterator[Proposal]:
    """The diagnosis with its stage, unless the problem list has it already, and the stage as an observation."""
    stage = staging.stage
    assert stage is not None
    sources = tuple(dict.fromkeys(each.source for each in staging.legs.counted))
    listed = any(isinstance(each.datum, Problem) for each in staging.diagnoses)
    for key in ("porter-stage",) if listed else ("venous-insufficiency-stage", "porter-stage"):
        entry = facts.knowledge.cards.proposal(key)
        said, code = entry.stage_text, entry.coding
        yield Proposal(
            entry.kind,
            key,
            Coding(code.system, code.code, code.display) if code else None,
            entry.text,
            Text(said.en.format(n=values["n"].en), said.fr.format(n=values["n"].fr)) if said else None,
            (stage.min, stage.max) if entry.kind == "stage-observation" else None,
            sources,
        )


# ---- C-CVI-CALC, C-CVI-ATTR (CVI-2)


def _calcification(
    facts: Facts, staging: Staging, calcified: Sequence[LegCalcification], *, explained_otherwise: bool
) -> Iterator[Wanted]:
    if not calcified:
        return
    rules = facts.knowledge.venous
    worst = max(calcified, key=lambda each: (each.low, each.high))
    rows = tuple(dict.fromkeys(calcification_row(each.calcification) for each in calcified))
    notes = [rules.note("on-dialysis")] if facts(assess_kidney).dialysis else []
    if not worst.site_known:
        notes.append(rules.note("site-unknown"))
    signs = tuple(dict.fromkeys(sign_row(sign) for limb in worst.limbs for sign in limb.signs))
    if worst.low >= rules.attribution.strong_from:
        strong = worst.cause_low >= rules.attribution.strong_from
        if not strong:
            notes.append(rules.note("varices-only"))
        yield Wanted(
            Conclusion(
                card="C-CVI-CALC",
                rule="CVI-2",
                certainty="probable" if strong and staging.confirmed else "possible",
                values={"n": _same(shown_range(worst.low, worst.high))},
                evidence=(*rows, *signs),
                notes=tuple(notes),
                sources=("S", "R37", "R38", "R39"),
            )
        )
    elif not explained_otherwise:
        early = rules.note("early", n=str(worst.low)) if worst.low else rules.note("unstaged")
        yield Wanted(
            Conclusion(
                card="C-CVI-ATTR",
                rule="CVI-2",
                certainty="possible",
                evidence=(*rows, *signs, *_other_rows(staging)),
                notes=(early, *notes),
                sources=("S", "R37"),
            )
        )


# ---- C-CVI-ULCER, C-CVI-IMG (CVI-3, CVI-4)


def _ulcer(facts: Facts, staging: Staging, calcified: Sequence[LegCalcification]) -> Iterator[Wanted]:
    lasting = [each for ulcer in open_ulcers(facts, staging) if (each := unhealed(facts, staging, ulcer)) is not None]
    if not lasting:
        return
    rules = facts.knowledge.venous
    over = [each for each in lasting if _over(each.ulcer, calcified)]
    if over:
        yield _not_healing(facts, over, calcified)
    elif not facts(recorded_calcifications) and not done(
        facts, rules.imaging.radiograph, rules.imaging.radiograph_within
    ):
        yield Wanted(
            Conclusion(
                card="C-CVI-IMG",
                rule="CVI-4",
                certainty="possible",
                evidence=_rows(lasting),
                gaps=(Gap("missing", rules.note("no-imaging")),),
                notes=_reasons(facts, lasting),
                sources=("S", "R39"),
            ),
            (rules.requests.radiograph,),
            _site(lasting),
            tuple(dict.fromkeys(each.ulcer.source for each in lasting)),
        )


def _over(ulcer: Sign, calcified: Sequence[LegCalcification]) -> bool:
    return any(
        not each.calcification.site.sides
        or not ulcer.sides
        or not ulcer.sides.isdisjoint(each.calcification.site.sides)
        for each in calcified
    )


def _not_healing(facts: Facts, over: Sequence[Unhealed], calcified: Sequence[LegCalcification]) -> Wanted:
    rules = facts.knowledge.venous
    arteries = pressures(facts, _sides(over))
    dialysis = (rules.note("on-dialysis"),) if facts(assess_kidney).dialysis else ()
    examined = {
        rules.requests.radiograph: done(facts, rules.imaging.radiograph, rules.imaging.radiograph_within),
        rules.requests.duplex: done(facts, rules.imaging.duplex, rules.imaging.duplex_within),
        rules.requests.index: rules.requests.index not in arteries.requests,
    }
    keys = [key for key, known in examined.items() if not known and key not in arteries.requests]
    keys += [*arteries.requests, rules.requests.referral, rules.requests.panel]
    return Wanted(
        Conclusion(
            card="C-CVI-ULCER",
            rule="CVI-3",
            certainty="possible",
            evidence=tuple(
                dict.fromkeys(
                    (*_rows(over), *(calcification_row(each.calcification) for each in calcified), *arteries.evidence)
                )
            ),
            gaps=tuple(Gap("ambiguous", each.ulcer.ask) for each in over if each.ulcer.ask and each.ulcer.ask_anyway),
            notes=(*_reasons(facts, over), *dialysis, *arteries.notes),
            sources=("S", "R39", "R40", "R41", "R42", "R56", "R57"),
        ),
        tuple(keys),
        _site(over),
        tuple(dict.fromkeys(each.ulcer.source for each in over)),
        done=tuple(key for key, known in examined.items() if known),
    )


def _sides(lasting: Sequence[Unhealed]) -> frozenset[str]:
    """Empty, either leg, as soon as one side is not recorded."""
    sides = [each.ulcer.sides for each in lasting]
    return frozenset().union(*sides) if all(sides) else frozenset()


def _reasons(facts: Facts, lasting: Iterable[Unhealed]) -> tuple[Text, ...]:
    provisional = [facts.knowledge.venous.note("ulcer-provisional") for each in lasting if each.ulcer.id == "leg-ulcer"]
    return tuple(dict.fromkeys([*(reason for each in lasting for reason in each.reasons), *provisional]))


def _rows(lasting: Iterable[Unhealed]) -> tuple[Evidence, ...]:
    return tuple(dict.fromkeys(row for each in lasting for row in (sign_row(each.ulcer), *each.evidence)))


def _site(lasting: Sequence[Unhealed]) -> str:
    """Where the ulcer is, as the record words it."""
    sites = (site for each in lasting if each.ulcer.problem is not None for site in each.ulcer.problem.sites)
    return next(sites, "")
