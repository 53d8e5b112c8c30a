"""Values of rules/ that are neither names of something else nor words of the record: levels, kinds, courses."""

from __future__ import annotations

from collections.abc import Mapping

from cds.reasoning.conclusions import Text

__all__ = ["GRADES", "LITERALS"]

LITERALS: Mapping[str, Text] = {
    "critical": Text("critical", "critique"),
    "warning": Text("warning", "alerte"),
    "info": Text("information", "information"),
    "soft-tissue-calcification": Text("soft tissue calcification", "calcifications des tissus mous"),
    "chronic-venous-insufficiency": Text("chronic venous insufficiency", "insuffisance veineuse chronique"),
    "calcification-order-safety": Text("safety of orders", "sécurité des prescriptions"),
    "every": Text("every service", "tous les services"),
    "routine": Text("routine", "normale"),
    "urgent": Text("urgent", "urgente"),
    "asap": Text("as soon as possible", "dès que possible"),
    "stat": Text("at once", "immédiate"),
    "laboratory": Text("laboratory", "biologie"),
    "imaging": Text("imaging", "imagerie"),
    "referral": Text("referral", "avis spécialisé"),
    "procedure": Text("procedure", "acte"),
    "condition": Text("problem-list entry", "entrée de la liste des problèmes"),
    "stage-observation": Text("recorded stage", "stade enregistré"),
    "mass": Text("mass", "masse"),
    "molar": Text("molar", "molaire"),
    "other": Text("other", "autre"),
    "confirmed": Text("confirmed", "confirmée"),
    "probable": Text("probable", "probable"),
    "possible": Text("possible", "possible"),
    "strong": Text("strong", "forte"),
    "weak": Text("weak", "faible"),
    "seen": Text("seen", "vue"),
    "partly": Text("in part", "en partie"),
    "recalled": Text("from memory, to be verified", "de mémoire, à vérifier"),
    "calcium": Text("calcium", "calcémie"),
    "phosphate": Text("phosphate", "phosphatémie"),
    "kidney": Text("kidney function", "fonction rénale"),
    "same": Text("the site of the event", "le siège de l'événement"),
    "any": Text("any", "indifférent"),
    "finding": Text("finding", "constatation"),
    "lab": Text("laboratory", "biologie"),
    "metastatic-cause": Text("metabolic cause", "cause métabolique"),
    "dystrophic-cause": Text("local cause", "cause locale"),
    "form": Text("form", "forme"),
    "cvi-sign": Text("venous sign", "signe veineux"),
    "pattern": Text("pattern of words", "aspect décrit"),
    "red-flag": Text("red flag", "alerte"),
    "alarm": Text("alarm", "alarme"),
    "cause": Text("cause", "cause"),
    "class": Text("class", "classe"),
    "venous": Text("venous", "veineux"),
    "differential": Text("differential", "diagnostic différentiel"),
    "order": Text("order", "prescription"),
    "connective-tissue": Text("connective tissue disease", "connectivite"),
    "microcrystal": Text("crystal disease", "microcristaux"),
    "necrosis": Text("necrosis", "nécrose"),
    "parasite": Text("parasites", "parasites"),
    "tumour": Text("tumour", "tumeur"),
    "ehlers-danlos": Text("Ehlers-Danlos syndrome", "maladie d'Ehlers-Danlos"),
    "leg": Text("not elsewhere than the leg", "pas ailleurs que la jambe"),
    "named": Text("the leg must be named", "la jambe doit être nommée"),
    "needed": Text("must be documented", "doit être documentée"),
    "gives": Text("said by this sign itself", "affirmée par ce signe"),
    "trophic": Text("a trophic sign", "un trouble trophique"),
    "oedema": Text("oedema", "œdème"),
    "leg-ulcer": Text("leg ulcer", "ulcère de jambe"),
    "open": Text("open", "ouvert"),
    "healed": Text("healed", "cicatrisé"),
    "recurrent": Text("recurrent", "récidivant"),
    "none": Text("none", "aucun"),
    "mild": Text("mild", "légère"),
    "moderate": Text("moderate", "modérée"),
    "marked": Text("marked", "marquée"),
    "MedicationRequest": Text("medicine", "médicament"),
    "ServiceRequest": Text("examination or procedure", "examen ou acte"),
    "DeviceRequest": Text("device", "dispositif"),
    "name": Text("the name", "le nom"),
    "note": Text("the note", "la note"),
    "route": Text("the route", "la voie"),
    "looks-like-mg-dl": Text("looks like mg/dL", "ressemble à des mg/dL"),
    "looks-like-mmol-l": Text("looks like mmol/L", "ressemble à des mmol/L"),
    "severe-kidney-disease": Text("eGFR below 30 or dialysis", "DFG inférieur à 30 ou dialyse"),
    "urea": Text("urea", "urée"),
    "urea-nitrogen": Text("urea nitrogen", "azote uréique"),
    "calcium-chosen": Text("the calcium that counts", "la calcémie retenue"),
    "pth-paired": Text("the PTH beside it", "la PTH en regard"),
    "medicines": Text("medicines", "médicaments"),
    "birth-date": Text("date of birth", "date de naissance"),
    "dialysis-start": Text("start of dialysis", "début de la dialyse"),
}  # fmt: skip
"""Each in both languages."""

_GRADES = {
    "S": Text("source document", "document source"),
    "G": Text("guideline", "recommandation"),
    "L": Text("literature", "littérature"),
    "E": Text("expert decision", "décision d'expert"),
}
GRADES: Mapping[str, Text] = _GRADES | {
    f"{one}/{other}": Text(f"{_GRADES[one].en}, {_GRADES[other].en}", f"{_GRADES[one].fr}, {_GRADES[other].fr}")
    for one in _GRADES
    for other in _GRADES
}
"""Where the strength of a rule comes from: one grade, or two."""
