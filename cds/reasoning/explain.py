"""Why: for every rule, whether it fired, on which data, and what would change it."""

from __future__ import annotations

from collections.abc import Iterator

from cds.reasoning.calcifications import calcification_row, recorded_calcifications
from cds.reasoning.calcium import assess_calcium, calcium_rows
from cds.reasoning.classification import classify, panel_complete
from cds.reasoning.conclusions import Certainty, Text
from cds.reasoning.critical import alarm
from cds.reasoning.dystrophic import assess_dystrophic
from cds.reasoning.evaluate import evaluate
from cds.reasoning.explanation import Explanation, rows_words
from cds.reasoning.facts import Facts
from cds.reasoning.forms import recognised_forms, tumour_flags
from cds.reasoning.kidney import assess_kidney
from cds.reasoning.knowledge.metabolic import CauseRule
from cds.reasoning.metabolic import assess_metabolic
from cds.reasoning.minerals import assess_anomaly, assess_phosphate, assess_pth, product
from cds.reasoning.orders.explain import explain_orders
from cds.reasoning.questions import ask
from cds.reasoning.redflag import assess_red_flag
from cds.reasoning.results import usable_results
from cds.reasoning.venous.stage import staging
from cds.reasoning.workup import missing_panel

__all__ = ["Explanation", "explain"]


def explain(facts: Facts, *, orders: bool = False) -> tuple[Explanation, ...]:
    """Every rule in the order in which the evaluation walks: data, kidneys, minerals, causes, class, forms, veins.

    `orders`: the draft orders are judged, and no card of the chart is shown.
    """
    parts = (_trigger, _kidney, _minerals, _red_flag, _metabolic, _dystrophic, _class, _forms, _venous)
    last = explain_orders if orders else _cards
    return tuple(each for part in (*parts, last) for each in part(facts))


def _trigger(facts: Facts) -> Iterator[Explanation]:
    yield Explanation(
        "TRG-1",
        Text("A soft tissue calcification is recorded", "Une calcification des tissus mous est rapportée"),
        _truth(bool(facts(recorded_calcifications))),
        rows_words(facts, map(calcification_row, facts(recorded_calcifications))),
        () if facts(recorded_calcifications) else (_CALCIFICATION,),
    )


_CALCIFICATION = Text(
    "A coded calcification of soft tissue, or a report sentence that says one (TRG-2).",
    "Une calcification des tissus mous codée, ou une phrase de compte rendu qui l'affirme (TRG-2).",
)


def _truth(truth: bool | None) -> str:
    return "unknown" if truth is None else "true" if truth else "false"


def _kidney(facts: Facts) -> Iterator[Explanation]:
    kidney = facts(assess_kidney)
    why = {
        "single": Text("Reduced once; chronicity is not proven.", "Abaissé une fois ; chronicité non prouvée."),
        "acute": Text("Acute kidney injury.", "Insuffisance rénale aiguë."),
        "child": Text("No height, or under one year.", "Taille inconnue, ou moins d'un an."),
        "sex-unknown": Text("Sex unknown, and it would decide.", "Sexe inconnu, et il déciderait."),
        "pregnancy": Text("Pregnancy.", "Grossesse."),
        "none": Text("No result and no code.", "Ni résultat ni code."),
    }.get(kidney.why)
    because = (
        *rows_words(facts, kidney.evidence),
        *kidney.remarks,
        *([why] if why is not None and not kidney.known else []),
    )
    change = (
        ()
        if kidney.known
        else (
            Text(
                "Creatinine (eGFR), twice at least 90 days apart when reduced.",
                "Créatinine (DFG), deux fois à 90 jours au moins si abaissé.",
            ),
        )
    )
    yield Explanation(
        "REN-3", Text("Kidney function", "Fonction rénale"), kidney.category or "unknown", because, change
    )


_DOUBTS: dict[str, Text] = {
    "ionised-normal": Text("Ionised calcium is normal.", "Le calcium ionisé est normal."),
    "paraprotein": Text("A monoclonal protein is known.", "Une protéine monoclonale est connue."),
    "platelets": Text("Platelets are very high.", "Les plaquettes sont très élevées."),
    "albumin": Text("Albumin is high.", "L'albumine est élevée."),
}


def _minerals(facts: Facts) -> Iterator[Explanation]:
    calcium, phosphate, pth = facts(assess_calcium), facts(assess_phosphate), facts(assess_pth)
    rows = rows_words(facts, facts(calcium_rows))
    lacking = (
        Text(
            "A calcium that can be used, ionised where total cannot be read.",
            "Une calcémie utilisable, ionisée si la totale n'est pas lisible.",
        ),
    )
    yield Explanation(
        "CAL-1",
        Text("Calcium", "Calcémie"),
        calcium.status,
        rows,
        lacking if calcium.settled in ("unknown", "unreliable") else (),
    )
    yield Explanation(
        "LAB-4",
        Text("High total calcium may be spurious", "Hypercalcémie totale peut-être factice"),
        _truth(bool(calcium.doubt)),
        (*((_DOUBTS[calcium.doubt],) if calcium.doubt else ()), *rows),
    )
    yield Explanation("MET-0", Text("Hypercalcaemia", "Hypercalcémie"), calcium.hypercalcaemia, rows)
    found = alarm(facts)
    yield Explanation(
        "CAL-4",
        Text("Critical calcium", "Calcémie critique"),
        found.card if found else "false",
        rows_words(facts, found.evidence) if found else (),
    )
    yield Explanation(
        "LAB-6",
        Text("Phosphate", "Phosphatémie"),
        phosphate.status,
        rows_words(facts, facts(usable_results).rows((phosphate.measurement,))),
    )
    yield Explanation(
        "ACC-5",
        Text("PTH beside a high calcium", "PTH en regard d'une hypercalcémie"),
        pth.paired,
        rows_words(facts, facts(usable_results).rows((pth.pair or pth.measurement,))),
    )
    cap = product(facts)
    words = Text(f"{cap[0]:.2f} mmol²/L²", f"{cap[0]:.2f} mmol²/L²".replace(".", ",")) if cap else None
    yield Explanation(
        "CAL-3",
        Text("Calcium x phosphate", "Produit phosphocalcique"),
        (cap[1] or "false") if cap else "unknown",
        (words,) if words else (),
    )
    anomaly = facts(assess_anomaly)
    kinds = [_named(facts, each, "answer") for each in sorted(anomaly.kinds)]
    yield Explanation(
        "ANOM",
        Text("Metabolic anomaly", "Anomalie métabolique"),
        _truth(anomaly.present),
        (*kinds, *rows_words(facts, anomaly.evidence)),
    )


def _named(facts: Facts, name: str, of: str) -> Text:
    return facts.knowledge.names.called(name, of) or Text(name, name)


def _red_flag(facts: Facts) -> Iterator[Explanation]:
    flag = facts(assess_red_flag)
    yield Explanation(
        facts.knowledge.redflag.id,
        Text("Calciphylaxis red flag", "Alerte calciphylaxie"),
        flag.level,
        rows_words(facts, flag.evidence),
    )


def _metabolic(facts: Facts) -> Iterator[Explanation]:
    chapter = facts.knowledge.metabolic
    for rule in (*chapter.causes, *chapter.associations):
        cause = facts(assess_metabolic).cause(rule.id)
        level = cause.level if cause is not None else "none"
        yield Explanation(
            rule.id,
            rule.term,
            level,
            rows_words(facts, cause.evidence) if cause else (),
            tuple(_next_level(facts, rule, level)),
        )
    history = chapter.history
    past = "D-15" in facts(assess_metabolic).decisions
    yield Explanation(history.id, history.term, _truth(past), facts(assess_metabolic).reasons if past else ())


def _next_level(facts: Facts, rule: CauseRule, level: str) -> Iterator[Text]:
    """The criterion of each higher level, read aloud, with what is missing."""
    order: tuple[Certainty, ...] = ("possible", "probable", "confirmed")
    higher = order[order.index(level) + 1 :] if level in order else order
    for name in higher:
        criterion = getattr(rule, name)
        if criterion is None:
            continue
        names, said = facts.knowledge.names, facts.knowledge.wording.levels[name]
        missing = [_named(facts, each, "test gap") for each in dict.fromkeys(ask(criterion, facts).missing)]
        unknown = Text(", ".join(each.en for each in missing), ", ".join(each.fr for each in missing))
        yield Text(
            f"{said.en}{f' (unknown: {unknown.en})' if missing else ''}: {criterion.lines('en', names)}",
            f"{said.fr}{f' (inconnu : {unknown.fr})' if missing else ''} : {criterion.lines('fr', names)}",
        )


def _dystrophic(facts: Facts) -> Iterator[Explanation]:
    found = {cause.id: cause for cause in facts(assess_dystrophic).causes}
    chapter = facts.knowledge.dystrophic
    venous = (chapter.venous.concept, chapter.venous.term)
    for concept, term in (*((rule.concept, rule.term) for rule in chapter.causes), venous):
        cause = found.get(concept)
        because = rows_words(facts, cause.evidence) if cause else ()
        yield Explanation("DYS-1", term, cause.level if cause else "none", because)
    iatrogenic = facts(assess_dystrophic).iatrogenic
    gaps = tuple(gap.what for gap in facts(assess_dystrophic).gaps)
    yield Explanation(
        "DYS-4",
        chapter.infusion.term,
        iatrogenic.level if iatrogenic else "none",
        rows_words(facts, iatrogenic.evidence) if iatrogenic else (),
        gaps,
    )


def _class(facts: Facts) -> Iterator[Explanation]:
    found = facts(classify)
    level = _named(facts, facts(assess_metabolic).level, "answer")
    weight = _named(facts, facts(assess_dystrophic).weight, "answer")
    panel = Text("complete", "complet") if facts(panel_complete) else Text("incomplete", "incomplet")
    because = (
        Text(
            f"metabolic cause: {level.en}; local cause: {weight.en}; panel: {panel.en}",
            f"cause métabolique : {level.fr} ; cause locale : {weight.fr} ; bilan : {panel.fr}",
        ),
        *((facts.knowledge.wording.lean[found.lean],) if found.lean else ()),
        *facts(assess_metabolic).reasons,
        *((Text("capped: recent or unseen data", "plafonné : données anciennes ou non vues"),) if found.capped else ()),
    )
    missing = tuple(item.text for item in missing_panel(facts)) if facts(recorded_calcifications) else ()
    yield Explanation(
        "CLS-1", Text("Type of calcification", "Type de calcification"), found.classification, because, missing
    )


def _forms(facts: Facts) -> Iterator[Explanation]:
    found = {form.id: form for form in facts(recognised_forms)}
    for rule in facts.knowledge.forms.forms:
        form = found.get(rule.id)
        yield Explanation(
            rule.rule, rule.term, form.confidence if form else "false", rows_words(facts, form.evidence) if form else ()
        )
    flags = facts(tumour_flags)
    title = Text("Calcified mass with a red flag", "Masse calcifiée avec critère d'alerte")
    yield Explanation(facts.knowledge.forms.tumour.rule, title, _truth(flags is not None), flags.texts if flags else ())


def _venous(facts: Facts) -> Iterator[Explanation]:
    found = facts(staging)
    yield Explanation(
        "CVI-0",
        Text("Venous context", "Contexte veineux"),
        _truth(found.context),
        tuple(Text(each.text, each.text) for each in found.diagnoses),
    )
    words = facts.knowledge.porter.not_counted
    for reading in found.legs.readings:
        sign = reading.sign
        span = f"{sign.span.low}-{sign.span.high}" if sign.span is not None else "none"
        because = [Text(f"{sign.text} ({sign.source})", f"{sign.text} ({sign.source})")]
        if reading.uncounted is not None:
            because.append(words[reading.uncounted])
            because += [reading.cause] if reading.cause is not None else []
        yield Explanation("CVI-1", sign.term, "false" if reading.uncounted else span, tuple(because))
    stage = found.stage
    outcome = "unknown" if stage is None else f"{stage.min}-{stage.max}, CEAP {stage.ceap}"
    questions = stage.questions if stage is not None else ()
    yield Explanation(
        "CVI-5",
        Text("Porter stage", "Stade de Porter"),
        outcome,
        rows_words(facts, stage.evidence) if stage else (),
        questions,
    )


def _cards(facts: Facts) -> Iterator[Explanation]:
    """Every card: shown with its variant, withheld, or not called for."""
    evaluation = evaluate(facts)
    shown = {conclusion.card: conclusion for conclusion in evaluation.conclusions}
    for card in facts.knowledge.cards.cards:
        if card.group == "order":
            continue
        conclusion = shown.get(card.id)
        if conclusion is not None:
            yield Explanation(
                card.id,
                card.topic,
                "true",
                (*_variant(conclusion.variant), *rows_words(facts, conclusion.evidence)),
                tuple(gap.what for gap in conclusion.gaps),
            )
        elif card.id in evaluation.withheld:
            rule = evaluation.withheld[card.id]
            yield Explanation(card.id, card.topic, "withheld", (Text(f"held back by {rule}", f"retenue par {rule}"),))
        else:
            yield Explanation(card.id, card.topic, "false", ())


def _variant(name: str) -> tuple[Text, ...]:
    return (Text(f"variant {name}", f"variante {name}"),) if name else ()
