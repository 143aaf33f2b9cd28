"""Addresses, postcodes, towns and hospitals."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from osteon.deid.text.lexicon import Lexicon, word_class
from osteon.deid.text.span import Span
from osteon.deid.text.tokens import Token, words
from osteon.deid.values import fold

_STREET = (
    r"(?:rue|avenue|av\.?|ave\.?|boulevard|boul\.?|bd\.?|bld\.?|blvd\.?|place|pl\.?|chemin|"
    r"ch\.|impasse|imp\.?|all[ée]es?|route|rte\.?|quai|cours|square|"
    r"passage|faubourg|fbg\.?|lotissement|lot\.|r[ée]sidence|r[ée]s\.|hameau|lieu-dit|"
    r"ruelle|sentier|esplanade|chauss[ée]e|clos|"
    r"mont[ée]e|traverse|promenade|rond-point|venelle|drève|dr[èe]ve|clos|parvis|sente|"
    r"mail|villa|voie|cit[ée])"
)
_NAME = r"[^\W\d_][\w'’.\-]*"
_SP = r"[ \t\u00a0]"
_NOT_TOWN = r"(?!tel|t[ée]l|fax|le\b|né|pour\b|a\b|est\b|admis)"
_ZIP_TOWN = (
    rf"(?:{_SP}*[,;\-–]?{_SP}*\n?{_SP}*(?:[A-Z]{{1,2}}-)?"
    rf"(?P<zip>\d{{2}}{_SP}?\d{{3}}|2[AB]{_SP}?\d{{3}}|[1-9]\d{{3}})\b"
    rf"{_SP}*(?P<town>{_NAME}(?:{_SP}+{_NOT_TOWN}{_NAME}){{0,4}})?)"
)
_ADDRESS = re.compile(
    rf"(?<![\w])(?:(?P<number>\d{{1,4}}{_SP}?(?:bis|ter|quater|[A-Da-d](?![\w]))?{_SP}*,?{_SP}*)?"
    rf"(?P<street>{_STREET})(?![\w])(?P<name>(?:{_SP}+{_NAME}){{1,6}}))(?P<rest>{_ZIP_TOWN})?",
    re.IGNORECASE,
)
_BOX = re.compile(
    r"\b(?:BP|CS|b\.p\.)\s?\d{1,5}(?:\s?[-–]?\s?\d{5}\s+[A-Z][\w'-]+(?:[ -][A-Z][\w'-]+)*)?", re.IGNORECASE
)
_ZIP = re.compile(
    rf"(?<![\d.,/])(?P<zip>(?:(?:F|FR|B|BE|CH)-)?(?:(?:0[1-9]|[1-8]\d|9[0-5]|2[ABab]){_SP}?\d{{3}}|"
    rf"9[78]{_SP}?\d{{3}}))(?![\d.,/]\d|\d)[,]?{_SP}+(?P<town>[^\W\d_][\w'’\-]*(?:{_SP}+[^\W\d_][\w'’\-]*){{0,4}})"
)
_ZIP_ALONE = re.compile(
    rf"(?:\b(?:code{_SP}postal|c\.?p\.?|cedex){_SP}*:?{_SP}*|^[ \t]*)"
    rf"(?P<zip>(?:\d{{2}}|2[AB]){_SP}?\d{{3}})(?=[ \t]*(?:$|[,.;\n]|[A-Za-z]))(?!\d)",
    re.IGNORECASE | re.MULTILINE,
)
_ZIP4 = re.compile(
    rf"(?<![\d.,/\-])(?P<zip>(?:(?:B|BE|CH)-)?[1-9]\d{{3}}){_SP}+(?P<town>[A-ZÀ-Ý][\w'’\-]*(?:[ "
    rf"-][A-ZÀ-Ý][\w'’\-]*){{0,3}})"
)
_DATELINE = re.compile(
    r"(?:^|\n|\bfait à )[ \t]*(?P<town>[A-ZÀ-Ý][\w'’-]+(?:[ -][\w'’-]+){0,4}),?[ \t]+le[ "
    r"\t]+(?=\d{1,2}(?:er)?[ ./-]|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche)"
)
_LABELLED_ADDRESS = re.compile(
    r"\b(?:adresse|domicile|demeurant(?: au)?|domicili[ée]e?(?: au| à)?|r[ée]sidant(?: "
    r"au)?|habitant(?: au)?)\s*:?\s*(?P<value>\d[^\n;]{8,80})",
    re.IGNORECASE,
)
_STOP_AFTER_STREET = word_class("words_after_a_street")
_BEFORE_TOWN = word_class("words_before_a_town")
_HOSPITAL = re.compile(
    r"\b(?P<kind>C\.?H\.?R?\.?U\.?(?![\w])|CHR(?:U|O)?(?![\w])|CHI[CP]?(?![\w])|C\.?H\.?(?:\s?G)?(?![\w.])|"
    r"CHC|AP-?HP|AP-?HM|HCL|HIA|EHPAD|SSR|CDS|CMC|CLCC|h[ôo]pital(?:\s+(?:priv[ée]|universitaire|"
    r"militaire|civil|g[ée]n[ée]ral))?|"
    r"h[ôo]pitaux|(?:poly)?clinique|centre hospitalier(?:\s+(?:universitaire|r[ée]gional|"
    r"intercommunal|g[ée]n[ée]ral|sp[ée]cialis[ée]|interr[ée]gional))*|centre (?:m[ée]dical|"
    r"de sant[ée]|d'imagerie|d’imagerie|de radiologie|cardiologique|chirurgical|clinical)|"
    r"groupe hospitalier|grand h[ôo]pital|institut|maison de sant[ée]|fondation|cabinet "
    r"de radiologie|cabinet d['’]imagerie|imagerie m[ée]dicale|cliniques universitaires|"
    r"maison m[ée]dicale|hospices)",
    re.IGNORECASE,
)
_LINK = word_class("words_inside_a_place")
_GENERIC_AFTER = word_class("words_after_a_hospital_that_name_none")
_SERVICE_OF = re.compile(
    r"(?<=[Ss]ervice de )[^\W\d_]+ (?:de |du )(?P<name>[A-ZÀ-Ý]{3,}(?:[ -]+(?:[A-ZÀ-Ý\d]+|–))*)"
)
_OFFICE = re.compile(
    r"\b(?:CPAM|CAF|CCAS|[Mm]airie|[Cc]ommune|[Vv]ille|[Pp]ré?fecture|[Tt]ribunal)\s+(?:de\s+la\s+|"
    r"de\s+|d['’]|du\s+)(?P<name>[A-ZÀ-Ý][\w'’-]+(?:[ -][A-ZÀ-Ý][\w'’-]+)*)"
)
_ADJECTIVES = word_class("adjectives_of_a_hospital")
_TITLES = frozenset(["DR", "DOCTEUR", "PR", "PROFESSEUR", "MME", "MR", "M", "TEL", "FAX", "RPPS", "SERVICE"])
_ARTICLE_L = re.compile(
    r"\b(?P<l>[Ll]['’]\s?)(?P<name>[B-DF-GJ-NP-TV-XZb-df-gj-np-tv-xz][\w.\-]*|[A-Z]\.[A-Z]{2,}[\w.\-]*)"
)


def find_addresses(text: str) -> list[Span]:
    """Streets with what follows them, post boxes and labelled addresses."""
    spans = []
    for match in _ADDRESS.finditer(text):
        end = _street_end(match)
        if end is not None:
            spans.append(Span(match.start(), end, "ADRESSE", 0.93, "street"))
    spans += [Span(m.start(), m.end(), "ADRESSE", 0.85, "box") for m in _BOX.finditer(text)]
    for match in _LABELLED_ADDRESS.finditer(text):
        stop = re.search(
            r"[,\s–-]+(?:a été|est|98|t[ée]l|vit|qui|pour|admis|gsm|mail|e-mail)\b",
            match["value"],
            re.IGNORECASE,
        )
        if not re.match(r"\d{1,2}\s?ans|\d{1,2}[/.-]\d", match["value"]):
            end = match.start("value") + (stop.start() if stop else len(match["value"].rstrip()))
            spans.append(Span(match.start("value"), end, "ADRESSE", 0.7, "labelled-address"))
    return spans


def _street_end(match: re.Match[str]) -> int | None:
    """Where the street ends; None when the words are no address (an accident in the street)."""
    numbered, zipped = match["number"] is not None, match["zip"] is not None
    names = list(re.finditer(r"\S+", match["name"]))
    capital = any(n.group()[0].isupper() for n in names[:3] if fold(n.group()) not in _LINK)
    if fold(match["street"]) == "PASSAGE" and not zipped and not (names and names[0].group()[0].isupper()):
        return None
    if (
        not numbered
        and not (zipped and match["name"].strip())
        and not (capital and match["street"][0].isupper())
    ):
        return None
    if zipped:
        return match.end("rest") if not _is_count(match) else match.end("name")
    end, linked = match.start("name"), False
    for name in names:
        word = fold(name.group()).strip(".,")
        if word in _STOP_AFTER_STREET and (word not in _LINK or (end > match.start("name") and not linked)):
            break
        linked = word in _LINK
        end = match.start("name") + name.end()
    return end


def _is_count(match: re.Match[str]) -> bool:
    return len(re.sub(r"\s", "", match["zip"])) == 4 and not (match["town"] or " ")[0].isupper()


def find_towns(text: str, lex: Lexicon) -> list[Span]:
    """Postcodes with their towns, and towns by name."""
    spans = [Span(*m.span("zip"), "ZIP", 0.85, "zip-alone") for m in _ZIP_ALONE.finditer(text)]
    for match in _ZIP.finditer(text):
        town = _town_words(match["town"], lex)
        if town:
            spans.append(Span(*match.span("zip"), "ZIP", 0.9, "zip"))
            spans.append(
                Span(match.start("town"), match.start("town") + len(town), "VILLE", 0.88, "zip-town")
            )
    for match in _ZIP4.finditer(text):
        named = fold(match["town"]) in lex.towns and not lex.is_word(fold(match["town"]))
        if named or match["zip"][0].isalpha():
            spans.append(Span(*match.span("zip"), "ZIP", 0.85, "zip4"))
            spans.append(Span(*match.span("town"), "VILLE", 0.85, "zip-town"))
    for match in _DATELINE.finditer(text):
        first = fold(match["town"]).split()[0]
        if first not in _TITLES and not lex.is_first_name(first):
            spans.append(Span(*match.span("town"), "VILLE", 0.8, "dateline"))
    spans += [Span(*m.span("name"), "VILLE", 0.7, "office-of") for m in _OFFICE.finditer(text)]
    return spans + _named_towns(text, lex)


def _town_words(text: str, lex: Lexicon) -> str:
    """The leading words that may be a town: capitalised, known as a town, or in no dictionary."""
    end = 0
    for match in re.finditer(r"\S+", text):
        folded = fold(match.group()).strip(",.")
        if not (
            match.group()[0].isupper() or folded in _LINK or folded in lex.towns or not lex.is_word(folded)
        ):
            break
        end = match.end()
    return text[:end]


def _named_towns(text: str, lex: Lexicon) -> list[Span]:
    tokens = words(text)
    spans = []
    index = 0
    while index < len(tokens):
        length, folded = _longest_town(tokens, index, text, lex)
        if length and _is_town_here(tokens, index, length, folded, text, lex):
            last = tokens[index + length - 1]
            spans.append(Span(tokens[index].start, last.end, "VILLE", 0.6, "town"))
            index += length
        else:
            index += 1
    return spans


def _longest_town(tokens: Sequence[Token], index: int, text: str, lex: Lexicon) -> tuple[int, str]:
    for length in (5, 4, 3, 2, 1):
        piece = tokens[index : index + length]
        if len(piece) == length and all(
            text[a.end : b.start] in {" ", "-", "'", "’"} for a, b in pairwise(piece)
        ):
            written = fold(text[piece[0].start : piece[-1].end]).replace("’", "'")
            for form in (
                written,
                written.replace(" ", "-"),
                written.replace("ST-", "SAINT-").replace("STE-", "SAINTE-").replace("ST ", "SAINT-"),
            ):
                if form in lex.towns:
                    return length, form
    return 0, ""


def _is_town_here(
    tokens: Sequence[Token], index: int, length: int, folded: str, text: str, lex: Lexicon
) -> bool:
    """A town's name counts where it is written as one: with a preposition, or unmistakable by itself."""
    token = tokens[index]
    before = tokens[index - 1].folded if index else ""
    gap = text[tokens[index - 1].end : token.start] if index else ""
    prepositional = before in _BEFORE_TOWN and gap in {" ", "'", "’"}
    plain_word = length == 1 and (
        folded in lex.words or folded in lex.protected or lex.first_name_rank.get(folded, 10**6) < 6000
    )
    if folded.startswith("L'") and not (token.is_capitalised and tokens[index + 1].is_capitalised):
        return False
    if (
        folded.split("-")[0].split(" ")[0] in {"LE", "LA", "LES"}
        and length > 1
        and not tokens[index + 1].is_capitalised
    ):
        return False
    if plain_word and token.is_upper and before == "DE" and prepositional and not tokens[index - 1].is_upper:
        return lex.towns[folded] < 300
    if plain_word:
        return prepositional and token.is_capitalised and before in {"A", "SUR"} and lex.towns[folded] < 3000
    if not token.is_capitalised:
        return prepositional and lex.towns[folded] < 2500 and (length > 1 or len(folded) > 3)
    if len(folded) < 4 or folded == "L'HOPITAL":
        return False
    rank_limit = 40_000 if prepositional or length > 1 else 4_000
    return lex.towns[folded] < rank_limit or lex.towns[folded] >= 32_000


def find_hospitals(text: str, lex: Lexicon) -> list[Span]:
    """Hospitals by their kind and name, by their name alone, and after an article that only a name takes."""
    tokens = words(text)
    spans = [Span(*m.span("name"), "HOPITAL", 0.6, "service-of") for m in _SERVICE_OF.finditer(text)]
    for match in _HOSPITAL.finditer(text):
        end = _hospital_end(text, tokens, match, lex)
        if end is not None:
            spans.append(Span(match.start(), end, "HOPITAL", 0.8, "hospital"))
    spans += _named_hospitals(text, tokens, lex)
    for match in _ARTICLE_L.finditer(text):
        spans += _after_article(text, tokens, match, lex)
    return spans


def _hospital_end(text: str, tokens: Sequence[Token], match: re.Match[str], lex: Lexicon) -> int | None:
    """The end of the name after a kind of hospital; None for a generic mention."""
    following = [t for t in tokens if t.start >= match.end()][:8]
    end, named, previous = match.end(), False, match.end()
    for token in following:
        gap = text[previous : token.start]
        if (
            gap.strip(" \t\n'’.-–")
            or re.search(r"\.\s", gap)
            or "\n" in gap
            or len(gap) > 4
            or re.search(r"\s[-–]\s", gap)
            or token.folded in _TITLES
        ):
            break
        if token.folded in _LINK or (not named and token.folded in _ADJECTIVES):
            previous = token.end
            continue
        if named and gap in {"'", "’"}:
            end = previous = token.end
            continue
        if not named and token.folded in {"NORD", "SUD", "EST", "OUEST", "CENTRE"} and previous > match.end():
            named, end, previous = True, token.end, token.end
            continue
        proper = token.is_capitalised or (lex.is_rare_word(token.folded)) or token.folded in lex.hospitals
        if (
            not proper
            or token.folded in _GENERIC_AFTER
            or (
                named
                and token.is_capitalised
                and not token.is_upper
                and lex.is_word(token.folded)
                and not _is_place(token, lex)
            )
        ):
            break
        named, end, previous = True, token.end, token.end
    kind = fold(match["kind"])
    return end if named else (match.end() if kind in {"AP-HP", "APHP", "AP-HM", "APHM", "HCL"} else None)


def _is_place(token: Token, lex: Lexicon) -> bool:
    return token.folded in lex.towns or token.folded in lex.first_names or token.folded in lex.surnames


def _named_hospitals(text: str, tokens: Sequence[Token], lex: Lexicon) -> list[Span]:
    spans = []
    for index, token in enumerate(tokens):
        for length in (4, 3, 2, 1):
            piece = tokens[index : index + length]
            if len(piece) < length:
                continue
            written = re.sub(r"\s+", " ", fold(text[piece[0].start : piece[-1].end]))
            if (
                written in lex.hospitals
                and (length > 1 or token.is_capitalised)
                and not _is_common(written, lex)
            ):
                spans.append(Span(token.start, piece[-1].end, "HOPITAL", 0.75, "hospital-name"))
                break
    return spans


def _is_common(written: str, lex: Lexicon) -> bool:
    return written in lex.protected or (" " not in written and lex.first_name_rank.get(written, 10**6) < 2000)


def _after_article(text: str, tokens: Sequence[Token], match: re.Match[str], lex: Lexicon) -> list[Span]:
    """What follows an elided article before a consonant: only a name can stand there."""
    start = match.start("name")
    following = [t for t in tokens if t.start >= start][:6]
    if not following or (lex.is_word(following[0].folded) and not following[0].is_capitalised):
        return []
    first = following[0]
    if lex.is_word(first.folded) and first.folded[0] in "AEIOUYH":
        return []
    end = match.end("name")
    for token in following:
        if token.start < end:
            continue
        if text[end : token.start].strip(" -–.") or not (
            token.is_capitalised or lex.is_rare_word(token.folded)
        ):
            break
        if lex.is_word(token.folded) and not _is_place(token, lex) and not token.is_upper:
            break
        end = token.end
    return [Span(start, end, "HOPITAL", 0.55, "article")]
