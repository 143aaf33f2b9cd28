"""People, places and institutions of our own making, split into two halves by the hash of the value."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from benchmarks.deid_text import fresh

HALVES = ("develop", "held_out")
SPLITS = (*HALVES, "fresh")

_FRENCH_STEMS = (
    "Bel Mar Cout Vill Roch Font Cham Del Gar Per Bour Lam Mont Rou Sab Tal Vau Quen Bress Chaur Droul Esc "
    "Fren Gouv Hez Jarr Laud Mal Noiz Ouv Plo Rig Souch Thib Vern Aub Brous Creuz Dauv Ferl Gour"
).split()
_FRENCH_ENDS = "ard ier eau ault in ot ette aud ion oux el ay ois and ec eron illot ineau ossier oudet".split()
_BRETON = "Ker Le Tre Pen Gue".split()
_BRETON_ENDS = "vennic madec goff brat zoret lannec ustum rohan bihan saoud lidec dreno".split()
_FLEMISH = ("Van den ", "Van der ", "De ", "Van ", "Ver", "Vander", "D'", "Van de ")
_FLEMISH_ENDS = "broucke eecken wouwer haegen stichel mosten velde poorten hulst bempt steene kerckhof".split()
_MAGHREB = ("Ben", "Bou", "El ", "Ait ", "Ben ", "Ould ", "Bel", "Abdel")
_MAGHREB_ENDS = "chikhoune hamdaoui zerrouki kaddour ghezali mansouri tazrout larbaoui messaoudi khelil".split()
_SLAVIC = "Wojc Krzyz Nowak Szymc Przyb Kowal Dabr Jaruz".split()
_SLAVIC_ENDS = "iewski owska ecki icz yszyn anowicz".split()
_IBERIAN = "Figueir Carvalh Nogueir Esparz Etchegar Iturr Goyenetch Madureir".split()
_IBERIAN_ENDS = "edo osa alde inho ay iaga ez eira".split()
_WHOLE = (
    "Nguyen|Tran Thi|Huynh|Pham|Bui Duc|Dang|Vo Van|Trinh|Duong|Ngo Dinh|Diallo|Traoré|Ouédraogo|Ndiaye|"
    "Mbemba|Rakotomalala|Andriamanana|Kouassi|Tshibangu|Mukendi|Sow|Ba|Sy|Keïta|Petit|Boucher|Blanc|Moulin|"
    "Leclerc|Berger|Fontaine|Lefort|Chevalier|Marchand|Lebrun|Charpentier|Mercier|Meunier|Poirier|Olivier|"
    "Lemaître|Legrand|Page|Roy|Roux|Weber|Thomas|Müller|Besançon|Lhôpital|L'Hermitte|d'Aubigny|de La Tour|"
    "du Plessis|O'Brien|MacLeod|Hernández|García|Öztürk|Yılmaz|Petrović|Lévêque|Gaëtan|Brûlé|Châtaignier|"
    "Hügli|Zbinden|Rochat|Chappuis|Favre|Zürcher|Vandenbroeck|Claes|Wouters|Peeters|Dierckx|Nys|Leemans"
).split("|")
_MALE = (
    "Hugo|Jean-Baptiste|Rachid|Wout|Thibault|Loïc|Gaëtan|Étienne|Kévin|Bogdan|Minh|Pieter|Ousmane|Yves-Marie|"
    "Jérôme|Anatole|Séverin|Gwenaël|Youssef|Mamadou|Renaud|Quentin|Tijl|Ruben|Aurélien|Cédric|Ibrahima|Tuan|"
    "Urs|Reto|Beat|Blaise|Firmin|Cyprien|Abdelkader|Mehdi|Karim|Paul|Pierre|Luc|Claude|Dominique|Camille|"
    "Jean Marc|Jean-Loup|Côme|Zacharie|Elouan|Maël|Timéo|Sacha|Nathanaël|Guénolé|Ahmed|Sofiane|Nuno|Rui"
).split("|")
_FEMALE = (
    "Maëlys|Marie-Hélène|Fatoumata|Liesbeth|Anaïs|Chloé|Zoé|Thérèse|Noémie|Françoise|Solène|Gwendoline|Linh|"
    "Aïcha|Khadija|Griet|An|Sien|Rose-Marie|Marie Claire|Bérengère|Édith|Agathe|Clémence|Océane|Inès|Nadège|"
    "Yasmine|Hồng|Mai|Kim|Salima|Marguerite|Violette|Rose|Aurore|Victoire|Prudence|Constance|Ségolène|Maïwenn|"
    "Nolwenn|Ursula|Heidi|Regula|Conceição|Ludivine|Apolline|Jacqueline|Paulette|Yvette|Ginette|Andrée|Aminata"
).split("|")
_TOWNS = (
    "Ormebeuve|Vieux-Hainaut|Saint-Aubert-les-Vignes|La Ferté-Brisac|Montrochard|Kerlannec|Villeneuve-d'Auzon|"
    "Ottignies-Louvain-la-Neuve|Woluwe-Saint-Lambert|Braine-l'Alleud|Erpe-Mere|Sint-Katelijne-Waver|Oudergem|"
    "Yverdon-les-Bains|La Chaux-de-Fonds|Le Grand-Saconnex|Bussigny-sur-Oron|Porrentruy|Châtel-Saint-Denis|"
    "Tizi Ouzou|Aïn Témouchent|Sidi Bel Abbès|Béni Mellal|Hammam Lif|Khouribga|Bouira|Nabeul|Cần Thơ|Haï Phong|"
    "Bourg-Saint-Évroult|Sainte-Radegonde-en-Bray|Les Aubiers-sous-Loire|Chantemerle-le-Haut|L'Isle-Marsac|"
    "Pont-à-Verzy|Croix-en-Valois|Mons|Huy|Spa|Ath|Dinant|Sion|Nyon|Vevey|Thuin|Gand|Wavre|Lens|Nancy|Brest|"
    "Rennes|Nice|Lille|Cherbourg-en-Cotentin|Saint-Denis|Fort-de-France|Le Tampon|Saint-Laurent-du-Maroni|"
    "Bois-Guillaume|Ploërmouel|Trégastel-Huon|Neuville-Brûlée|Auchy-la-Motte|Belœil-Neuf|Hautmont-les-Prés|"
    "Roquefeuil-d'Oc|Castelnau-Vimont|Peyrolières|Ambarieu|Sallanchin|Thônes-Vieux|Digoulay|Quessoy-Lande"
).split("|")
_HOSPITALS = (
    "CHU de {town}|Centre hospitalier de {town}|Hôpital {saint}|Clinique {saint}|Clinique des {thing}|"
    "Polyclinique du {thing1}|Hôpital {person}|Centre Hospitalier {person}|CHR {person}|Clinique {person}|"
    "Cliniques universitaires {saint}|Hôpitaux universitaires de {town}|CHI de {town}|Institut {person}|"
    "Centre d'imagerie {thing1}|Cabinet de radiologie du {thing1}|CHC {saint}|GHT {thing1}|HIA {person}|"
    "Clinique de {town}|Hôpital privé {person}|AZ {saint_nl}|Grand Hôpital de {town}|EHPAD Les {thing}|"
    "Maison de santé {person}|Hôpital intercantonal de {town}|Centre médical {thing1}|CH {town}"
).split("|")
_SAINTS = "Sainte-Bathilde Saint-Gildas Saint-Évremond Sainte-Walburge Saint-Ursanne Sainte-Ode Saint-Guénolé".split()
_THINGS = "Peupliers Glycines Hauts-Prés Trois-Tilleuls Acacias Cèdres Mésanges Grands-Chênes Bleuets".split()
_THINGS1 = "Parc-Vieux Val-Fleuri Mont-Aiguille Grand-Large Belvédère Plateau Vallon Littoral Bois-Joli".split()
_SAINTS_NL = "Sint-Godelieve Heilig-Hart Sint-Amandus Damiaan".split()
_STREETS = (
    "rue {person}|avenue {person}|boulevard {person}|place {person}|rue du {thing1}|rue des {thing}|chemin des {thing}|"
    "impasse des {thing}|allée des {thing}|route de {town}|quai {person}|rue de l'Abbé {last}|avenue du Général {last}|"
    "rue de la Croix-Verte|chaussée de {town}|rue du 8 mai 1945|cours {person}|square {last}|résidence les {thing}|"
    "lotissement les {thing}|rue {saint}|faubourg de {town}|clos des {thing}|avenue de la Gare|rue Haute|ruelle aux Loups"
).split("|")


def half_of(value: str) -> str:
    """The half a value or a sentence belongs to, by its SHA-256."""
    return HALVES[hashlib.sha256(value.encode()).digest()[0] % 2]


@cache
def surnames(split: str) -> tuple[str, ...]:
    """Surnames of French, Breton, Flemish, Maghrebi, Slavic, Iberian, Vietnamese and African make."""
    if split == "fresh":
        return (*(a + b for a in fresh.STEMS for b in fresh.ENDINGS), *(n for n in fresh.WHOLE for _ in range(6)))
    made = [a + b for a in _FRENCH_STEMS for b in _FRENCH_ENDS]
    made += [f"Le {b.capitalize()}" if a == "Le" else a + b for a in _BRETON for b in _BRETON_ENDS]
    made += [_joined(a, b) for a in _FLEMISH for b in _FLEMISH_ENDS]
    made += [_joined(a, b) for a in _MAGHREB for b in _MAGHREB_ENDS]
    made += [a + b for a in _SLAVIC for b in _SLAVIC_ENDS]
    made += [a + b for a in _IBERIAN for b in _IBERIAN_ENDS]
    whole = [name for name in _WHOLE for _ in range(6)]
    return tuple(name for name in made + whole if half_of(name) == split)


def _joined(before: str, after: str) -> str:
    return before + (after.capitalize() if before.endswith((" ", "'")) else after)


@cache
def first_names(split: str, sex: str) -> tuple[str, ...]:
    """First names of one sex."""
    if split == "fresh":
        return tuple(fresh.MALE if sex == "M" else fresh.FEMALE)
    return tuple(name for name in (_MALE if sex == "M" else _FEMALE) if half_of(name) == split)


@cache
def towns(split: str) -> tuple[str, ...]:
    """Towns: invented French ones, and Belgian, Swiss, Maghrebi, Vietnamese and short real ones."""
    if split == "fresh":
        return tuple(fresh.TOWNS)
    return tuple(name for name in _TOWNS if half_of(name) == split)


@dataclass(frozen=True, slots=True)
class Cast:
    """Draws values of one half with one random state."""

    rng: random.Random
    split: str

    def pick(self, values: Sequence[str]) -> str:
        """One of the values."""
        return self.rng.choice(values)

    def surname(self) -> str:
        """A surname; one in twelve is double."""
        name = self.pick(surnames(self.split))
        if self.rng.random() < 1 / 12:
            name += "-" + self.pick(surnames(self.split)).replace(" ", "")
        return name

    def first_name(self, sex: str) -> str:
        """A first name of that sex."""
        return self.pick(first_names(self.split, sex))

    def town(self) -> str:
        """A town."""
        return self.pick(towns(self.split))

    def hospital(self) -> str:
        """A hospital with its kind and name."""
        return self._filled(self.pick(fresh.HOSPITALS if self.split == "fresh" else _HOSPITALS))

    def street(self) -> str:
        """A street without its number."""
        return self._filled(self.pick(_STREETS))

    def pavilion(self) -> str:
        """The proper name of a ward or building."""
        kind = self.pick(("pavillon", "bâtiment", "unité"))
        return f"{kind} {self.pick((self.surname(), self.pick(_SAINTS)))}"

    def _filled(self, form: str) -> str:
        sex = self.pick("MF")
        return form.format(
            town=self.town(),
            saint=self.pick(_SAINTS),
            saint_nl=self.pick(_SAINTS_NL),
            thing=self.pick(_THINGS),
            thing1=self.pick(_THINGS1),
            last=self.surname(),
            person=f"{self.first_name(sex)} {self.surname()}",
        )
