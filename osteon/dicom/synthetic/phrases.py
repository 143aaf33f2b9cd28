"""The French of the reports: how each finding is put, in several ways.

Slots in braces are filled by `report`; every list holds interchangeable phrases.
"""

from __future__ import annotations

REGION = {
    "hand": ("la main", "main"),
    "knee": ("le genou", "genou"),
    "forearm": ("l'avant-bras", "avant-bras"),
    "ankle": ("la cheville", "cheville"),
}
BONE = {
    "radius": ("du radius", "radius"),
    "ulna": ("de l'ulna", "ulna"),
    "fibula": ("de la fibula", "fibula"),
    "tibia": ("du tibia", "tibia"),
    "metacarpal-2": ("du deuxième métacarpien", "M2"),
    "metacarpal-4": ("du quatrième métacarpien", "M4"),
    "metacarpal-5": ("du cinquième métacarpien", "M5"),
    "proximal-1": ("de la première phalange du pouce", "P1 D1"),
    "proximal-2": ("de la première phalange de l'index", "P1 D2"),
    "proximal-5": ("de la première phalange du cinquième doigt", "P1 D5"),
}
KIND = {
    "transverse": (
        "Fracture transversale",
        "Trait de fracture transversal",
        "Solution de continuité transversale, en rapport avec une fracture,",
    ),
    "oblique": ("Fracture oblique", "Trait de fracture oblique", "Fracture à trait oblique"),
    "spiral": ("Fracture spiroïde", "Trait de fracture spiroïde", "Fracture à trait spiroïde"),
    "displaced": (
        "Fracture déplacée",
        "Fracture avec déplacement et chevauchement",
        "Fracture complète déplacée",
    ),
    "comminuted": (
        "Fracture comminutive",
        "Fracture plurifragmentaire",
        "Fracture comminutive avec troisième fragment",
    ),
    "buckle": (
        "Fracture en motte de beurre",
        "Fracture sous-périostée, en motte de beurre,",
        "Tassement cortical métaphysaire : fracture en motte de beurre",
    ),
    "line": (
        "Fin trait de fracture non déplacé",
        "Discrète fracture non déplacée",
        "Fissure corticale, fracture incomplète",
    ),
}
FRACTURE_TAIL = {
    "transverse": ("peu déplacée", "avec minime translation", "sans bascule notable"),
    "oblique": ("avec discrète translation du fragment distal", "peu déplacée"),
    "spiral": ("avec minime écart interfragmentaire", "peu déplacée"),
    "displaced": ("avec translation et angulation du fragment distal", "avec raccourcissement et bascule"),
    "comminuted": ("avec déplacement des fragments", "avec perte de l'alignement"),
    "buckle": ("sans atteinte du cartilage de croissance", "sans bascule significative"),
    "line": ("sans déplacement", "sans écart interfragmentaire"),
}
NO_FRACTURE = (
    "Pas de lésion osseuse traumatique décelée.",
    "Absence de trait de fracture visible.",
    "Pas de fracture individualisée.",
    "Il n'est pas mis en évidence de fracture.",
    "Pas d'anomalie osseuse traumatique récente.",
)
NO_FRACTURE_END = (
    "Pas de fracture visible.",
    "Pas de lésion osseuse traumatique.",
    "Absence de fracture décelable.",
    "Examen sans anomalie traumatique osseuse.",
)
ALIGNED = (
    "Rapports articulaires conservés.",
    "Interlignes articulaires respectés.",
    "Pas de luxation.",
    "Alignement articulaire conservé.",
)
DENSITY = (
    "Trame osseuse d'aspect normal.",
    "Minéralisation osseuse satisfaisante.",
    "Pas de lésion osseuse focale suspecte.",
    "Parties molles sans particularité.",
)
OSTEOPENIC = (
    "Déminéralisation osseuse diffuse.",
    "Aspect d'ostéopénie.",
    "Trame osseuse raréfiée.",
)
GROWTH = (
    "Cartilages de croissance encore ouverts, d'aspect normal pour l'âge.",
    "Physes visibles, sans décollement épiphysaire.",
    "Points d'ossification en rapport avec l'âge.",
)
CANAL = (
    "Image linéaire claire en rapport avec un canal nourricier.",
    "Canal nourricier diaphysaire visible, à ne pas prendre pour un trait.",
)
CAST = {
    "plaster": (
        "Contention plâtrée en place.",
        "Étude sous plâtre.",
        "Immobilisation plâtrée superposée gênant l'analyse fine.",
    ),
    "resin": (
        "Immobilisation par résine en place.",
        "Étude sous résine.",
        "Contention par résine superposée.",
    ),
}
IMPLANT = {
    "plate": (
        "Matériel d'ostéosynthèse à type de plaque vissée en place, sans signe de démontage.",
        "Plaque vissée d'ostéosynthèse en place, sans ostéolyse périprothétique.",
        "Ostéosynthèse par plaque et vis, matériel intègre.",
    ),
    "pins": (
        "Ostéosynthèse par broches en place.",
        "Deux broches d'ostéosynthèse en place, sans migration.",
        "Brochage en place, matériel intègre.",
    ),
}
HEALED = (
    "Cal osseux en rapport avec une fracture ancienne consolidée.",
    "Séquelle de fracture ancienne consolidée avec épaississement cortical et désaxation.",
    "Cal vicieux d'une fracture ancienne, consolidée.",
)
TRAUMA_WHY = (
    "Chute de sa hauteur, douleur {of_region}.",
    "Traumatisme {of_region} lors d'une activité sportive, recherche de fracture.",
    "Traumatisme direct, œdème et impotence fonctionnelle.",
    "Chute à vélo. Fracture ?",
    "Douleur post-traumatique {of_region}.",
    "AVP, douleur à la palpation. Lésion osseuse ?",
    "Accident de travail, traumatisme en torsion.",
)
CONTROL_WHY = ("Contrôle évolutif.", "Contrôle radiologique à distance du traumatisme.", "Surveillance.")
BONE_AGE_WHY = (
    "Détermination de l'âge osseux.",
    "Retard statural, âge osseux ?",
    "Avance pubertaire, évaluation de l'âge osseux.",
    "Suivi endocrinologique, âge osseux selon Greulich et Pyle.",
    "Petite taille. Maturation osseuse ?",
)
ARTHROSIS_WHY = (
    "Gonalgie mécanique.",
    "Gonalgies chroniques, bilan d'arthrose.",
    "Douleur du genou à la marche, arthrose ?",
    "Bilan avant infiltration.",
    "Gonarthrose connue, aggravation des douleurs.",
)
GRADE = {
    0: (
        "Interlignes fémoro-tibiaux respectés, sans ostéophyte.",
        "Pas de pincement articulaire. Pas d'ostéophyte. Pas de condensation sous-chondrale.",
    ),
    1: (
        "Ébauche d'ostéophyte douteuse {side_word}, interlignes conservés.",
        "Discret émoussement ostéophytique {side_word}, sans pincement significatif.",
    ),
    2: (
        "Ostéophytes marginaux nets, interligne {compartment} conservé ou à peine pincé.",
        "Ostéophytose marginale modérée sans pincement franc de l'interligne {compartment}.",
    ),
    3: (
        "Pincement net de l'interligne fémoro-tibial {compartment}, ostéophytes multiples "
        "et condensation sous-chondrale.",
        "Ostéophytes modérés, pincement certain du compartiment {compartment}, "
        "début de sclérose sous-chondrale.",
    ),
    4: (
        "Disparition quasi complète de l'interligne fémoro-tibial {compartment}, "
        "volumineux ostéophytes, sclérose sous-chondrale sévère et déformation des extrémités osseuses.",
        "Pincement complet du compartiment {compartment} avec sclérose marquée, "
        "géodes et ostéophytes volumineux.",
    ),
}
GRADE_END = {
    0: (
        "Pas de signe de gonarthrose (Kellgren-Lawrence 0).",
        "Radiographie du genou {side} sans signe d'arthrose, grade 0 de Kellgren et Lawrence.",
    ),
    1: (
        "Arthrose douteuse du genou {side}, grade 1 de Kellgren et Lawrence.",
        "Gonarthrose {side_f} débutante douteuse (Kellgren-Lawrence 1).",
    ),
    2: (
        "Gonarthrose {side_f} minime, grade 2 de Kellgren et Lawrence.",
        "Gonarthrose {side_f} débutante (Kellgren-Lawrence 2).",
    ),
    3: (
        "Gonarthrose {side_f} modérée, grade 3 de Kellgren et Lawrence.",
        "Gonarthrose fémoro-tibiale {compartment_f} {side_f} modérée (Kellgren-Lawrence 3).",
    ),
    4: (
        "Gonarthrose {side_f} sévère, grade 4 de Kellgren et Lawrence.",
        "Gonarthrose évoluée du compartiment {compartment} du genou {side} (Kellgren-Lawrence 4).",
    ),
}
CLOSING = (
    "Bien confraternellement.",
    "Confraternellement,",
    "Avec mes salutations confraternelles.",
    "En vous remerciant de votre confiance.",
)
