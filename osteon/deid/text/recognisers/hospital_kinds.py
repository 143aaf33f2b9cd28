"""Kinds of hospitals, practices, homes and laboratories, in patterns that ignore case."""

from __future__ import annotations

import re
from functools import cache

from osteon.deid.text.languages import alternatives_of, by_first_letter, forms

_LONGER = (
    r"[ée]tablissements? (?:hospitaliers?|(?:publics? )?de sant[ée]|m[ée]dico-sociaux?)|"
    r"groupement (?:des h[ôo]pitaux|hospitalier(?: de territoire)?|d['’]imagerie|m[ée]dical)|"
    r"groupe hospitalier public|centre hospitalier public|h[ôo]pital rural|p[ôo]le hospitalier|"
    r"centre (?:de soins(?: de suite(?: et de r[ée]adaptation)?)?|orthop[ée]dique|"
    r"d['’]action m[ée]dico-sociale pr[ée]coce|"
    r"de r[ée][ée]ducation et (?:de )?r[ée]adaptation|15(?= de | d['’]))|maison des adolescents|"
    r"(?:caserne|b[ée]guinage)(?= (?-i:[A-ZÀ-Ý]))|(?-i:USSAP|IFAC|GHM|IEM|MRPA|MR/MRS|CMCR|CRRF|MR(?= (?:Sainte?|St|Ste|"
    r"Notre)\b))(?!\w)|"
    r"groupe (?:m[ée]dical|radiologique|d['’]imagerie(?: m[ée]dicale)?)|"
    r"unit[ée]s? hospitali[èe]res?(?: [^\W\d_]+[ée]e)?|maison (?:d['’]arr[êe]t|centrale)|"
    r"centre [a-zà-ÿ]{3,}(?:iste|ique|aire|al|if|el|[ée]en)(?= (?:de |d['’]|du )?(?-i:[a-zà-ÿ]{4,} (?:de |d['’]|du )(?:la |l['’])?)?(?-i:[A-ZÀ-Ý]))|"
    r"cabinet (?:du|de la|des) (?:docteurs?|doctoresse|drs?)(?!\w)|"
    r"centre (?:imagerie(?: m[ée]dicale)?|scanner)(?!\w)|"
    r"centre (?:p[ée]nitentiaire|de d[ée]tention|h[ée]lio-?marin|de post-?cure)|"
    r"maison m[ée]dicale de garde|maison de sant[ée] pluri(?:disciplinaire|professionnelle)|"
    r"maison d['’]enfants|nouvel h[ôo]pital|h[ôo]pital (?:de proximit[ée]|europ[ée]en)|"
    r"clinique (?:v[ée]t[ée]rinaire|(?-i:du (?:dos|sport|rachis|genou)|de la main)(?= (?-i:[A-ZÀ-Ý]))|"
    r"de soins de suite|de convalescence)|"
    r"r[ée]sidence[- ](?:autonomie|services?|seniors?|m[ée]dicalis[ée]e|sociale)|p[ôo]le m[ée]dical|"
    r"infirmerie(?= (?-i:[A-ZÀ-Ý]))|(?-i:home)(?= (?!trainer)[a-zà-ÿ]{3})|ems(?= l[ae]s? )|(?:imagerie|"
    r"radiologie)(?= (?-i:[A-ZÀ-Ý][a-zà-ÿ]))|(?-i:Home)(?= (?-i:[A-ZÀ-Ý]))|"
    r"(?-i:SAU|UMCS|UHSI|UHSA|CMCO|USMP|SSIAD|LHSS)(?= (?:(?:de |du |d['’])?(?-i:[A-ZÀ-Ý][a-zà-ÿ'’])))|"
    r"(?-i:Vivalia|Ramsay(?: Santé)?|Elsan|ELSAN|Capio|Vivalto|Korian|KORIAN|DomusVi|Orpea|ORPEA|Emeis|"
    r"Clariane|Colisée|Hirslanden|Medbase|Affidea|Synlab|Unilabs|Cerballiance|Biogroup|Almaviva|UGECAM|"
    r"Humani)(?!\w)|"
)
"""Before the others, which they begin with; the last are operators of several houses."""
KINDS = _LONGER + (
    r"C\.?H\.?R?\.?U\.?(?![\w])|CHR(?:U|O)?(?![\w])|CHI[CP]?(?![\w])|C\.?H\.?(?:\s?G)?(?![\w.])|"
    r"(?:CHC|CHP|CHM|CHS|CHSP|CHD|CHL|CHUV|CHVR|GHT|GHU|GHP|GHI|GHE|GH|EHPAD|SSR|CDS|CMC|CMPR|CRF|CLCC|"
    r"HIA|HFR|HCL|UZ|AZ|ZNA|"
    r"UMC|MRS|CPAS|ASBL|AP-?HP|AP-?HM|CMP|CMPP|CSAPA|MSP|SMR|USLD|CIUSSS|CISSS|CHSLD|CHUM|CHUQ|CUSM|"
    r"CHIREC|CHwapi|EpiCURA)(?![\w])|"
    r"(?:grand\s+)?h[ôo]pital(?:\s+(?:priv[ée]|universitaire|militaire|civil|g[ée]n[ée]ral|"
    r"intercantonal|cantonal|"
    r"de jour|d['’]enfants|des enfants|de p[ée]diatrie|local|r[ée]gional|provincial|m[èe]re-enfant|"
    r"(?-i:[a-zà-ÿ]{4,}ois)|valaisan|jurassien))*|"
    r"h[ôo]pitaux(?:\s+universitaires)?|"
    r"(?:poly)?cliniques?(?:\s+universitaires?)?|"
    r"centres? hospitaliers?(?:\s+(?:universitaires?|r[ée]gional|intercommunal|g[ée]n[ée]ral|"
    r"sp[ée]cialis[ée]|"
    r"interr[ée]gional|national|provincial))*|centre (?:m[ée]dical|de sant[ée]|"
    r"d['’]imagerie(?: m[ée]dicale)?|"
    r"de radiologie|cardiologique|chirurgical|m[ée]dico-chirurgical|"
    r"de lutte contre le cancer|hospitalo-universitaire|psychoth[ée]rapique|"
    r"clinical|de r[ée][ée]ducation|de consultations?|"
    r"de convalescence|(?:de |d['’])[^\W\d_]{4,}(?: [^\W\d_]{3,}(?:elle|ale|ique|aire|ive|ielle|"
    r"[ée]e)s?)?(?=\s))|"
    r"(?:radiologie|imagerie|scanner|irm)(?= (?-i:[A-ZÀ-Ý])[^\W\d_]+ (?:nord|sud|est|ouest|centre)\b)|"
    r"(?:scanner|irm|radiologie) (?=(?:du |des |de l['’]|de la )(?-i:[A-ZÀ-Ý][a-zà-ÿ]))|"
    r"SOS M[ée]decins|(?-i:SAMU|SMUR)(?= de | d['’])|"
    r"foyer (?:de vie|d['’]h[ée]bergement|d['’]accueil(?: m[ée]dicalis[ée])?|logement|occupationnel)|"
    r"centre (?:de dialyse|d['’]h[ée]modialyse|m[ée]dico-social|dentaire|m[ée]dico-psychologique|"
    r"(?-i:[a-zà-ÿ]{3,}logique))|"
    r"laboratoires?(?:\s+(?:d['’]analyses?|de biologie)(?: m[ée]dicales?)?)?|"
    r"pharmacie(?:\s+(?:mutualiste|centrale|principale))?|"
    r"maternit[ée]|h[ôo]tel[- ]dieu|klinik(?:um)?|ambulances|"
    r"(?-i:MAS|FAM|IME|ITEP|HAD|ESAT|SESSAD|CAMSP|CLSC|CSSS|CHT|CHRSM|AURAD|PASS)(?![\w])|"
    r"(?-i:EMS|CTR|RHNe|RHN|HNE|GHOL|EHC|eHnv|HRC|HIB|HJU|GHEF|CHIREC|HIS|HUB|GHdC|CHIC|CHG)(?![\w])|"
    r"ensemble hospitalier|permanence(?= (?:du|de la|de l['’]|de|des)? ?(?-i:[A-ZÀ-Ý]))|"
    r"m[ée]dicentre|dispensaire|infirmerie(?= (?-i:S))|"
    r"centre municipal de sant[ée]|service de sant[ée](?= d[eu])|r[ée]seau sant[ée]|"
    r"maison de sant[ée] pluriprofessionnelle|"
    r"ziekenhuis|kliniek|residentie|(?-i:Spital)|nouvelle clinique|"
    r"groupe hospitalier|institut|maison de (?:sant[ée]|retraite|repos)|fondation|cabinet "
    r"(?:de radiologie|d['’]imagerie|m[ée]dical)|imagerie m[ée]dicale|maison m[ée]dicale|"
    r"maison de naissance|hospices|(?-i:Foyer)(?= (?-i:[A-ZÀ-Ý])[^\W\d_]{2})|"
    r"cabinet (?:de groupe|dentaire|infirmier|de kin[ée]sith[ée]rapie|(?:d['’]|de )(?-i:[a-zà-ÿ]+logie))|"
    r"cabinet(?= (?-i:[A-ZÀ-Ý])[^\W\d_]{2})|"
    r"r[ée]sidence services|GIE(?:\s+(?:IRM|scanner|TEP))*(?![\w])|SISA(?![\w])|"
    r"(?-i:SEL(?:ARL|AS|AFA)?|SCM|SCP|SRL|SPRL)(?![\w])"
    r"(?:\s+(?:de |d['’])?(?:imagerie(?: m[ée]dicale)?|radiologie))?|"
    r"(?:imagerie|radiologie) (?=sainte?[- ]|notre[- ])|r[ée]seau (?:hospitalier|de sant[ée])|"
    r"p[ôo]le (?:de )?sant[ée]|"
    r"imagerie (?=d[eu]s? (?!c(?:linique|entre|h)|h[ôo]pita|polycl|institut))|r[ée]sidence (?=[^\W\d_])"
)


@cache
def hospital_kind(code: str) -> re.Pattern[str]:
    """A kind of hospital at a word's beginning, of a language and of French."""
    more = forms("hospitals", code)
    further = rf"|(?:{more})(?!\w)" if more else ""
    return re.compile(rf"\b(?P<kind>{by_first_letter(alternatives_of(KINDS))}{further})", re.IGNORECASE)
