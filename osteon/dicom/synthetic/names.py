"""Name and place material for invented identities."""

from __future__ import annotations

SURNAMES = tuple(
    """Lefèvre Müller-Bréhier Garrigue Châtelain Rousselot Béranger d'Hauteville Nguyen Le_Guennec Kermarrec Fontanille
Özdemir Benzémrane Delacroix-Ponthieu Grandjean Mérieux Hébrard Cauvin Traoré Diarra Lecomte Vasseur Quémeneur Ferrand Balançon
Péchoux Labrousse Szymański_ Gonçalves Etchegaray Héritier Marchand Lemoine Petit Boulanger Rivière Blanc Laforêt Noël
Duchêne Thévenot Maréchal Saint-Aubin Poirier Fabre Guérin-Loyer Roux Caron Masson Jaouen Rémond Villeneuve Castaing
Sébillotte Prigent Mouquet Ménard Tessier Aubry Cordonnier Wauquier Desrousseaux Vanhoutte Pélissier Estève Combes Bénazet""".split()
)
SURNAMES = tuple(name.replace("_", " ").strip().replace("ń", "n") for name in SURNAMES)
WOMEN = tuple(
    """Hélène Anaïs Léa Chloé Zoé Marie-Noëlle Françoise Josèphe Inès Jeanne Aïcha Amélie Béatrice Clémence Éléonore Gaëlle
Joëlle Maëlle Noémie Océane Paulette Raphaëlle Solène Thérèse Yvonne Anne-Sophie Fatoumata Lucie Margot Émilie Monique Simone""".split()
)
MEN = tuple(
    """Jérôme François Noé Étienne Loïc André Rémi Jean-Baptiste Théo Gaël Yanis Mathéo Hervé Cédric Émile Grégoire
Joël Maël Raphaël Stéphane Thibault Aurélien Benoît Clément Didier Ahmed Moussa Lucas Gérard Pierre-Yves Raymond Michel""".split()
)
STREETS = (
    "rue des Écoles",
    "avenue du Général-Leclerc",
    "impasse des Mûriers",
    "boulevard Voltaire",
    "chemin de la Forêt",
    "place de l'Église",
    "allée des Cèdres",
    "rue Émile-Zola",
    "route de Béthune",
    "rue du Moulin-à-Vent",
    "quai de la Liberté",
)
TOWNS = {
    "nord": (
        ("59481", "Bruay-les-Marais"),
        ("59482", "Haveluy-le-Bois"),
        ("62195", "Noyelles-Saint-Éloi"),
        ("59483", "Crespin-sur-Hogneau"),
    ),
    "sud": (
        ("34391", "Lézan-les-Garrigues"),
        ("30195", "Sommières-le-Château"),
        ("34392", "Mourèze-d'Orb"),
        ("11205", "Fabrezan-Vieux"),
    ),
    "ouest": (
        ("29951", "Lanvéoc-Trez"),
        ("29952", "Plouhinec-Bihan"),
        ("56395", "Guéméné-sur-Mer"),
        ("22705", "Trébeurden-Izel"),
    ),
}
SPECIALTIES = (
    "médecin généraliste",
    "pédiatre",
    "rhumatologue",
    "chirurgien orthopédiste",
    "médecin urgentiste",
)
