"""A French radiology report's sections: indication, technique, résultat, conclusion."""

from __future__ import annotations

import re
import unicodedata

from osteon.domain import SECTION_NAMES

# Headings as French reports write them, accents folded, longest first where one begins another.
_HEADINGS = {
    "indication": (
        "indications?",
        "indications? cliniques?",
        "motifs?",
        "motifs? de l'examen",
        "renseignements? cliniques?",
        "contexte",
        "contexte clinique",
        "clinique",
    ),
    "technique": ("techniques?", "protocole", "examens? realises?", "incidences?"),
    "resultat": ("resultats?", "interpretation", "description", "analyse", "constatations?"),
    "conclusion": ("conclusions?", "au total", "en conclusion", "synthese", "impression", "en resume"),
}
# "Résultat :" with text after it, or the heading alone on its line (underlined or in capitals).
_HEADING = re.compile(
    r"^[ \t>*#\-_=]*(?:"
    + "|".join(f"(?P<{name}>{'|'.join(forms)})" for name, forms in _HEADINGS.items())
    + r")[ \t*_]*(?:[:.]|-(?=\s)|$)[ \t*_=\-]*",
    re.IGNORECASE | re.MULTILINE,
)
# What follows the medical text: who signed, to whom, when. Names there are surrogates, and teach nothing.
_SIGNATURE = re.compile(
    r"^[ \t]*(?:(?:dr|docteur|pr|professeur)\b|signe\b|signature|valide\b|dicte\b|redige\b|transcrit\b"
    r"|compte[- ]rendu (?:valide|signe|dicte)|(?:bien |tres )?(?:cordialement|confraternellement)"
    r"|avec mes|veuillez|en vous remerciant|salutations|copie"
    r"|fait a\b|le \d|medecin\b|radiologue\b|ipp\b|nda\b|patiente?\b[ \t]*:)",
    re.IGNORECASE | re.MULTILINE,
)
# A sentence ends at . ; ! ? or where a new line begins with a capital, a figure or a bullet (other lines
# are merely wrapped); not inside "1.5" nor after one capital ("M.").
_SENTENCE_END = re.compile(r"(?<=[.;!?])(?<!\b[A-Z]\.)\s+|\n\s*(?:[-•*]\s*|(?=[A-ZÀ-Ý0-9]))|\n\s*\n")


def _folded(text: str) -> str:
    """Accents off, one character for one: offsets stay those of `text`."""
    return "".join(unicodedata.normalize("NFD", character)[0] for character in text)


def split_sections(text: str) -> dict[str, str]:
    """Section name -> its text, in reading order; sections that are absent or empty are left out.

    What stands before the first heading (letterhead, identity) belongs to no section. A report without
    any heading is one `resultat`, up to its signature.

    >>> split_sections("Mme X\\nINDICATION : chute.\\nRésultats :\\nPas de fracture.\\n\\nDr Y")
    {'indication': 'chute.', 'resultat': 'Pas de fracture.'}
    """
    normal = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("’", "'"))
    folded = _folded(normal)
    headings = list(_HEADING.finditer(folded))
    if not headings:
        body = _before_signature(normal, folded).strip()
        return {"resultat": body} if body else {}
    sections: dict[str, str] = {}
    for position, heading in enumerate(headings):
        end = headings[position + 1].start() if position + 1 < len(headings) else len(normal)
        body = _before_signature(normal[heading.end() : end], folded[heading.end() : end]).strip()
        name = str(heading.lastgroup)
        if body:
            sections[name] = f"{sections[name]}\n{body}" if name in sections else body
    return {name: sections[name] for name in SECTION_NAMES if name in sections}


def _before_signature(text: str, folded: str) -> str:
    signature = _SIGNATURE.search(folded)
    return text[: signature.start()] if signature else text


def sentences(section: str) -> list[str]:
    """The sentences of a section, white space evened out.

    >>> sentences("Pas de fracture.  Os bien\\nminéralisés ; KL 2.")
    ['Pas de fracture.', 'Os bien minéralisés ;', 'KL 2.']
    """
    return [" ".join(part.split()) for part in _SENTENCE_END.split(section) if part.strip(" \n\t-•*.;")]
