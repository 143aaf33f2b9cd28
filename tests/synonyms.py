"""A French table of synonyms that can be learned: each name is a lesion, a bone and a side."""

from __future__ import annotations

from itertools import product
from pathlib import Path

from training.sap import SynonymTable

LESIONS = (
    ("fracture", "cassure"), ("arthrose", "usure"), ("luxation", "déboîtement"), ("ostéolyse", "lacune"),
    ("entorse", "foulure"), ("tassement", "écrasement"),
)  # fmt: skip
BONES = (
    ("fémur", "os de la cuisse"), ("radius", "os radial"), ("tibia", "os de la jambe"), ("rotule", "patella"),
    ("poignet", "carpe"), ("hanche", "coxo-fémorale"), ("coude", "olécrane"),
)  # fmt: skip
SIDES = (("droit", "D"), ("gauche", "G"))


def synonym_table() -> SynonymTable:
    """84 concepts of four names."""
    pairs = []
    for number, ((lesion, wound), (bone, part), (side, mark)) in enumerate(product(LESIONS, BONES, SIDES)):
        concept = f"C{number:07d}"
        pairs += [
            (concept, f"{lesion} {bone} {side}"),
            (concept, f"{wound} {part} {side}"),
            (concept, f"{wound} {bone} {mark}"),
            (concept, f"{lesion} {part} {mark}"),
        ]
    return SynonymTable.of(pairs)


def write_tsv(path: Path) -> Path:
    """The same as two columns."""
    lines = [f"{concept}\t{name}" for concept, names in synonym_table().names.items() for name in names]
    path.write_text("concept\tname\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def conso(cui: str, language: str, name: str, *, suppress: str = "N") -> str:
    """One line of MRCONSO.RRF."""
    return f"{cui}|{language}|P|L01|PF|S01|Y|A01||M01|D01|MSHFRE|MH|D01|{name}|3|{suppress}|256|\n"


def write_umls(folder: Path) -> Path:
    """A release of four concepts in META."""
    meta = folder / "META"
    meta.mkdir(parents=True)
    (meta / "MRCONSO.RRF").write_text(
        conso("C0016658", "ENG", "Fracture of bone")
        + conso("C0016658", "FRE", "Fracture osseuse")
        + conso("C0016658", "FRE", "Os cassé", suppress="O")
        + conso("C0016658", "GER", "Knochenbruch")
        + conso("C0034627", "ENG", "Radius")
        + conso("C0034627", "FRE", "Os radial")
        + conso("C0004096", "ENG", "Asthma")
        + conso("C0004096", "FRE", "Asthme"),
        encoding="utf-8",
    )
    (meta / "MRSTY.RRF").write_text(
        "C0016658|T037|A2.2.2|Injury or Poisoning|AT1|256|\n"
        "C0034627|T023|A1.2.3.1|Body Part, Organ, or Organ Component|AT2|256|\n"
        "C0004096|T047|B2.2.1.2.1|Disease or Syndrome|AT3|256|\n",
        encoding="utf-8",
    )
    return folder


OBO = """format-version: 1.2
data-version: hp/releases/2024-01-16

[Term]
id: HP:0002757
name: Recurrent fractures
synonym: "Increased \\"fracture\\" rate" EXACT layperson []
synonym: "Fractures" BROAD []
xref: UMLS:C0016655

[Term]
id: HP:0000939
name: Osteoporosis

[Term]
id: HP:0009999
name: obsolete Something
is_obsolete: true

[Typedef]
id: part_of
name: part of
"""

BABELON = (
    "source_language\tsource_value\tsubject_id\tpredicate_id\ttranslation_language\ttranslation_value\ttranslation_status\n"
    "en\tRecurrent fractures\tHP:0002757\trdfs:label\tfr\tFractures récurrentes\tOFFICIAL\n"
    "en\tOsteoporosis\tHP:0000939\trdfs:label\tfr\tOstéoporose\tOFFICIAL\n"
    'en\tReduced "bone" mass\tHP:0000939\tIAO:0000115\tfr\tMasse osseuse réduite\tCANDIDATE\n'
    "en\tLow bone mass\tHP:0000939\toio:hasExactSynonym\tfr\t\tNOT_TRANSLATED\n"
)
