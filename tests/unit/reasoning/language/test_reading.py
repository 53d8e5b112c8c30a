"""What words mean: the texts of the vignettes, and the traps."""

from __future__ import annotations

import pytest

from cds.reasoning.language.terms import Said, largest_size_cm
from tests.words import chapters, language


def terms(text: str) -> set[str]:
    return {said.term for said in language().concepts(text)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Insuffisance rénale chronique terminale", {"chronic-kidney-disease", "ckd-stage-5-eskd"}),
        ("Chronic kidney disease, stage 4 (severe)", {"chronic-kidney-disease", "ckd-stage-4"}),
        ("IRC stade 3b", {"chronic-kidney-disease", "ckd-stage-3"}),
        ("End stage renal failure on dialysis", {"ckd-stage-5-eskd", "haemodialysis"}),
        ("Multiple myeloma not having achieved remission", {"multiple-myeloma"}),
        ("Leucémie aiguë lymphoblastique", {"leukaemia"}),
        ("Scanner : lésions lytiques multiples du bassin.", {"lytic-lesions", "bone-destruction"}),
        ("Calcinose tumorale", {"tumoral-calcinosis"}),
        ("Calcinose tumorale familiale hyperphosphatémique", {"hyperphosphataemic-familial-tumoral-calcinosis"}),
        ("calcifications diffuses d'aspect feuilleté", {"sheet-like"}),
        ("Goutte chronique tophacée", {"gout", "gouty-tophus"}),
        ("lame d'ossification périostée en hallebarde", {"hallebarde"}),
        ("Rhumatisme à hydroxyapatite", {"hydroxyapatite-deposition"}),
        ("calcifications en grains d'avoine", {"rice-grain"}),
        ("calcifications \"en haltères\"", {"dumbbell"}),
        ("Filariose à W. bancrofti", {"lymphatic-filariasis-bancrofti"}),
        ("Genou : ostéochondromatose synoviale", {"synovial-osteochondromatosis"}),
        ("Angiolipome du bras avec phlébolithes", {"angiolipoma-with-phleboliths", "phlebolith"}),
        ("Dermite ocre purpurique franche", {"ochre-purpuric-dermatitis-marked"}),
        ("Œdème des chevilles", {"ankle-oedema-minor-moderate", "ankle-oedema-marked"}),
        ("Lipodermatosclérose", {"stasis-hypodermitis", "subcutaneous-fibrosis"}),
        ("Ulcère variqueux non cicatrisé", {"venous-ulcer-open", "non-healing"}),
        ("Ulcère veineux cicatrisé", {"venous-ulcer-healed", "healed"}),
        ("Chronic venous hypertension with ulcer of right leg", {"venous-ulcer-open", "chronic-venous-insufficiency"}),
        ("Sujet asymptomatique, aucun trouble apparent", {"cvi-asymptomatic", "asymptomatic"}),
        ("escarre noire hyperalgique", {"black-eschar", "skin-necrosis-words", "painful-ulcer"}),
        ("purpura rétiforme", {"skin-necrosis-words"}),
        ("livedo reticularis", {"livedo-weak"}),
        ("Syndrome CREST", {"crest-syndrome"}),
        ("IVC", {"chronic-venous-insufficiency"}),
        ("LES", {"systemic-lupus-erythematosus"}),
        ("maladie d’Ehlers-Danlos type II", {"ehlers-danlos-type-2", "ehlers-danlos-syndrome"}),
        ("Ehlers-Danlos syndrome, vascular", {"ehlers-danlos-type-4"}),
        ("Athérosclérose des artères distales", {"peripheral-arterial-disease"}),
        ("masse profonde de 7 cm, en augmentation", {"mass", "mass-deep", "mass-large", "mass-growing"}),
        ("painful mass near the knee, suspicious for sarcoma", {"mass-painful", "near-joint", "suspicious-imaging"}),
        ("lésion remplaçant le muscle, sans effet de masse", {"no-mass-effect", "whole-muscle"}),
        ("prothèse valvulaire mécanique", {"mechanical-valve"}),
        ("Échantillon hémolysé", {"haemolysed"}),
        ("Reflux de la grande saphène", {"venous-reflux"}),
        ("Scleroderma", {"systemic-sclerosis"}),
        ("Hyperparathyroïdie", {"hyperparathyroidism-unspecified"}),
        ("hémodialysé depuis 2015", {"haemodialysis"}),
    ],
)  # fmt: skip
def test_says(text: str, expected: set[str]) -> None:
    assert expected <= terms(text)


@pytest.mark.parametrize(
    ("text", "never"),
    [
        ("HA", "hydroxyapatite-deposition"),
        ("HTA", "hydroxyapatite-deposition"),
        ("hydroxyapatite coated femoral stem", "hydroxyapatite-deposition"),
        ("cytostéatonécrose", "skin-necrosis"),
        ("nécrose tumorale", "skin-necrosis-words"),
        ("nécrose cellulaire", "skin-necrosis"),
        ("livedoid vasculopathy", "livedo-weak"),
        ("tumour necrosis factor inhibitor", "tissue-necrosis-tumoral"),
        ("iliac crest", "crest-syndrome"),
        ("heel fat pad", "peripheral-arterial-disease"),
        ("force musculaire MRC 4", "ckd-stage-4"),
        ("IVC filter", "chronic-venous-insufficiency"),
        ("les deux jambes", "systemic-lupus-erythematosus"),
        ("varices œsophagiennes", "superficial-vein-dilatation-marked"),
        ("facial telangiectasia", "varicosities-telangiectasia"),
        ("Hyperparathyroïdie primaire", "hyperparathyroidism-unspecified"),
        ("Familial hypocalciuric hypercalcaemia", "hypercalcaemia"),
        ("smouldering myeloma", "multiple-myeloma"),
        ("Varicose veins of lower extremities without ulcer or inflammation", "venous-ulcer-open"),
        ("Ulcère non cicatrisé", "healed"),
        ("non-healing ulcer", "healed"),
        ("Ulcère veineux cicatrisé", "venous-ulcer-open"),
        ("Ehlers-Danlos de type IV", "ehlers-danlos-syndrome"),
        ("Mère : sclérodermie systémique", "systemic-sclerosis"),
        ("pas de sclérodermie", "systemic-sclerosis"),
        ("masse de 4,9 cm", "mass-large"),
        ("masse de 50 mm", "mass-large"),
        ("effet de masse", "mass"),
        ("phlébolithes pelviens", "phlebolith"),
        ("calcification métastatique", "bone-metastases"),
        ("Pain in limb", "painful-legs"),
        ("Ankylosis of joint", "ankle-ankylosis-trophic"),
        ("Other helminthiases", "parasitic-infection-soft-tissue"),
        ("anémie hémolytique", "haemolysed"),
        ("reflux gastro-œsophagien", "venous-reflux"),
        ("thirty gouttes de vitamine D", "gout"),
    ],
)
def test_does_not_say(text: str, never: str) -> None:
    assert never not in terms(text)


def test_a_mention_in_doubt_is_hypothetical_unless_another_one_is_certain() -> None:
    (said,) = (said for said in language().concepts("Suspicion de sclérodermie.") if said.term == "systemic-sclerosis")
    assert said == Said("systemic-sclerosis", "Suspicion de sclérodermie.", True, said.site)
    text = "Suspicion de sclérodermie, lupus, sclérodermie systémique confirmée"
    assert [each.hypothetical for each in language().concepts(text) if each.term == "systemic-sclerosis"] == [False]


def test_said_carries_the_sentence_as_written_and_its_site() -> None:
    text = "Pas de fracture. Œdème de la cheville gauche, important."
    said = next(each for each in language().concepts(text) if each.term == "ankle-oedema-marked")
    assert said.sentence == "Œdème de la cheville gauche, important."
    assert (said.site.regions, said.site.sides) == ({"ankle"}, {"left"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        ("7 cm", 7),
        ("50 mm", 5),
        ("4 x 7,5 cm", 7.5),
        ("12 mm par 42 mm", 4.2),
        ("5.1 centimètres", 5.1),
        ("T12", 0),
    ],
)
def test_largest_size(text: str, expected: float) -> None:
    assert largest_size_cm(text.replace("è", "e")) == pytest.approx(expected)


def test_layers_site_and_ossification_of_a_calcification() -> None:
    text = "Scanner de la jambe gauche : calcifications et ossifications sous-cutanées et musculaires de jambe."
    (said,) = language().calcified(text)
    assert said.layers == {"subcutaneous", "muscle"}
    assert (said.site.regions, said.site.sides) == ({"leg"}, {"left"})
    assert said.ossification
    assert not said.hypothetical


def test_the_site_leaves_out_where_the_arteries_are() -> None:
    (said,) = language().calcified("Soft tissue calcification of the shoulder, calcified arteries of the leg.")
    assert said.site.regions == {"shoulder"}


def test_a_comma_parts_a_region_from_a_structure() -> None:
    (said,) = language().calcified("Calcifications musculaires, tendons, de la cuisse.")
    assert said.site.regions == {"thigh"}


def test_normal_said_of_the_calcification_itself_takes_no_place_away() -> None:
    (said,) = language().calcified("Calcifications sous-cutanées de la cuisse de répartition normale.")
    assert (said.site.regions, said.layers) == ({"thigh"}, {"subcutaneous"})


def test_a_region_or_lesion_alone_is_an_unnamed_soft_tissue() -> None:
    (said,) = language().calcified("Calcified mass of the buttock.")
    assert said.layers == {"soft-tissue"}
    assert not said.ossification
    (said,) = language().calcified("Calcifications sous-cutanées sans ossification.")
    assert not said.ossification


REPORTS = (
    "Radiographie de jambe gauche. Calcifications sous-cutanées. Insuffisance veineuse chronique connue. "
    "Pas de fracture. Mère : lupus. "
) * 4


def test_long_texts_are_read_as_short_ones_are() -> None:
    assert len(REPORTS) > 200
    assert len(language().calcified(REPORTS)) == 4
    assert {"subcutaneous-calcification", "chronic-venous-insufficiency"} <= terms(REPORTS)
    assert "systemic-lupus-erythematosus" not in terms(REPORTS)
    assert language().calcified("Hypertension. " * 30) == ()
    assert language().concepts("Blue paint. " * 30) == ()


def test_every_term_has_one_entry_with_words_and_a_source() -> None:
    every = chapters().terms.terms
    assert len({term.id for term in every}) == len(every)
    assert all(term.source and (term.fr or term.en) and term.term.fr and term.term.en for term in every)


def test_every_organ_names_known_regions() -> None:
    known = {region.id for region in chapters().sites.regions}
    assert {region for organ in chapters().calcification.organs for region in organ.regions} <= known
