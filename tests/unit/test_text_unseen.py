"""Forms of the seventh set: houses, hospitals, people and towns by what stands around them."""

import pytest

from osteon.deid.text.engine import find_spans_of


def redacted(text):
    """The text with what the rules take replaced by `_`."""
    (spans,) = find_spans_of([text], [None], learned=False)
    hidden = {c for span in spans for c in range(span.start, span.end)}
    return "".join("_" if place in hidden else char for place, char in enumerate(text))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Victime : 98 résidence du Château, apt 34, 22 000 Cahors", "98 résidence du Château, apt 34"),
        ("MEDECINE GENERALE\n33 LE BOURG\n29 700 HAGUENAU", "33 LE BOURG"),
        ("Entreprise : 51 che de la Plaine, 46230 Sainte-Marie", "51 che de la Plaine"),
        ("vu ce jour, habite 80 les genêts f-77480 compiègne, fracture", "80 les genêts"),
        ("de la part de X au 49 RN 7 lieu-dit Lucas. Lésions : douleur", "49 RN 7 lieu-dit Lucas"),
        ("Transfert de Radiologie Chaumont Centre vers Dole", "Radiologie Chaumont Centre"),
        ("Courrier (Scanner de l'Espérance) du 26/6/23", "Scanner de l'Espérance"),
        ("Hébergement : Centre de soins de Riom\nProblème : chute", "Centre de soins de Riom"),
        ("refuse d'aller à Foyer de vie Les Capucines, préfère", "Foyer de vie Les Capucines"),
        ("À faire à Hôpital N.-D. de la Merci de Riom\nRX", "Hôpital N.-D. de la Merci de Riom"),
        ("découverte à Hôpital d'enfants St-Joseph\nPPS remis", "Hôpital d'enfants St-Joseph"),
        ("Suivi : Chauve (rhumatologue, Moulins), douleur", "Chauve"),
        ("Suivi : Chauve (rhumatologue, Moulins), douleur", "Moulins"),
        ("domicilié à Niort, arrivé(e) de Cambrai en juin 2021", "Cambrai"),
        ("Tribunal judiciaire de Cognac\nAffaire : Pigeon c/ Caillé\n", "Cognac"),
        ("Tribunal judiciaire de Cognac\nAffaire : Pigeon c/ Caillé\n", "Pigeon"),
        ("Hier POULAIN l'a vue, elle reste jusqu'au 3/4", "POULAIN"),
        ("18/07/2013 14h - LAMY : visite de son époux", "LAMY"),
        ("2 sept. nuit - Paulette (AS) : fracture", "Paulette"),
        ("Louise Main né(e) le 24 avril 1983, fille", "Louise Main"),
        ("a deux enfants (Madeleine et Paulette).", "Paulette"),
        ("STAFF DU 2 7 / 0 8 / 2 0 1 4\n1. AUMIIN, 74 a", "2 7 / 0 8 / 2 0 1 4"),
        ("linge rapporté.\n22.08 nuit - Béatrice (AS) : bursite", "22.08"),
    ],
)
def test_the_rules_take_all_of_it(text, value):
    start = text.index(value)
    assert not any(c.isalnum() for c in redacted(text)[start : start + len(value)])


LOWER = (
    "faugat fatma né(e) le 30.06.1968 ipp 8021139790 "
    "vu ce jour avec passeré, chute à mâcon, revoir par chevalley"
)


@pytest.mark.parametrize("value", ["faugat fatma", "passeré", "mâcon", "chevalley"])
def test_a_note_without_capitals_gives_up_its_names_and_towns(value):
    assert value not in redacted(LOWER)


@pytest.mark.parametrize(
    "text",
    [
        "Scanner de l'Épaule droite, IRM du Genou, scanner du Rachis, Scanner de la Cheville.",
        "Centre d'ossification de Risser. Au centre de la lésion, une géode. Foyer de fracture stable.",
        "Prendre 2 comprimés, 3 fois par jour. Plaquettes à 45 000 par mm3, 12 séances de kiné.",
        "douleur traitée par tramadol, immobilisée par attelle, fracture ostéosynthésée par plaque et vis",
        "Le patient est né à terme. Fracture née de la chute.",
    ],
)
def test_anatomy_treatment_and_counts_stay(text):
    assert redacted(text) == text
