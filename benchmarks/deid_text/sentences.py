"""The sentences of the letters, with `{slots}`; each belongs to the half of its hash (see values.py).

Written before any of them was run through the product. A slot plants an identifier or a term that must
stay (`{term}`); everything else is text that must stay as well.
"""

HEADERS = (
    "{hospital}\nService de radiologie - {pavilion}\n{street}\n{zip_town}\nTél. : {phone} - Fax : {phone}\n",
    "{hospital_upper}\nImagerie médicale\nSecrétariat : {phone}\ncourriel : {mail}\n{url}\n",
    "{hospital}, {street}, {zip_town}\nRadiologues : Dr {doctor}, Dr {doctor}, Pr {doctor}\n",
    "Cabinet du Docteur {doctor}\n{street} - {zip_town}\nRPPS {rpps} - Tél {phone}\n",
    "{hospital}\nDépartement d'imagerie ostéo-articulaire\nChef de service : Pr {doctor} (RPPS : {rpps})\n",
    "{hospital}\nUnité de radiologie conventionnelle\nTel.: {phone_be}  Fax: {phone_be}\nN° INAMI : {ina"
    "mi}\n",
    "{hospital}\n{street}, {zip_town_be}\nDr {doctor} - INAMI {inami} - {mail}\n",
    "{hospital}, {zip_town_ch}\nSecrétariat de radiologie, tél. {phone_ch}, {mail}\n",
    "COMPTE RENDU DE RADIOGRAPHIE\n{hospital}\nN° d'examen : {accession}\n",
    "{zip_town}, le {date}\n\nCher confrère,\n",
    "{town}, le {date}\n",
    "Service d'imagerie du {hospital}\nLigne directe : {phone}\n",
)
PATIENTS = (
    "Patient(e) : {patient}\nNé(e) le {birth}\nIPP : {ipp}    NDA : {nda}\n",
    "Nom : {last}\nPrénom : {first}\nDate de naissance : {birth} ({age})\nN° de dossier : {nda}\n",
    "NOM DE NAISSANCE : {maiden_upper}\nNOM D'USAGE : {last_upper}\nPRENOM : {first_upper}\nDDN : {birth"
    "}\nINS : {ins}\n",
    "Concerne : {title} {patient}, {street}, {zip_town}\nN° sécurité sociale : {nir}\n",
    "{title} {patient} né(e) {maiden} le {birth} à {town}\nNIR : {nir}\nTél. portable : {phone}\n",
    "{patient}\n{street}\n{zip_town}\n",
    "Identité patient : {patient} | {birth} | {sex} | IPP {ipp}\n",
    "Concerne {title} {patient}, né(e) le {birth}, registre national {niss}\nAdresse : {street}, {zip_to"
    "wn_be}\n",
    "Patient : {patient} ({birth}) NISS : {niss} Dossier : {nda}\n",
    "Votre patient(e) {title} {patient}, {birth}, n° AVS {avs}, {street}, {zip_town_ch}\n",
    "{patient_split}\nné(e) le {birth}\n",
    "RE: {patient_reversed}, {age}\nN° patient {ipp} - Séjour n° {nda}\n",
    "Examen n° {accession} du {date}\nPatient: {patient_upper}  DN: {birth}\n",
)
REQUESTS = (
    "Demandé par : Dr {doctor} ({hospital})\n",
    "Prescripteur : {doctor}, RPPS {rpps}\n",
    "Merci de m'avoir adressé {title} {last} pour une radiographie de la main droite.\n",
    "Adressé(e) par le Docteur {doctor}, {street}, {zip_town}.\n",
    "Médecin traitant : Dr {doctor} - {town}\n",
    "Copie à : Dr {doctor}, {hospital} ; Mme {doctor}, kinésithérapeute à {town}.\n",
    "Prescription du Pr {doctor} du {date}.\n",
    "Manipulateur : {person}\n",
    "Examen réalisé par {person}, manipulatrice, et lu par le Dr {doctor}.\n",
    "Date de l'examen : {date}. Date de la demande : {date}.\n",
    "Interne : {person}. Senior : Dr {doctor_last}.\n",
    "Correspondants : Drs {doctor_last} et {doctor_last}.\n",
)
INDICATIONS = (
    "Indication : {age}, chute de sa hauteur dans la rue le {date}.\n",
    "INDICATION\nPatient de {age} vu aux urgences pour un traumatisme du poignet, recherche de {term}.\n",
    "Renseignements cliniques : femme de {age}, douleurs de la cheville depuis 3 mois.\n",
    "Motif : gonalgie droite. ATCD : ménisectomie en {month_year} ({hospital}).\n",
    "Indication : contrôle à J21 d'une {term}, opérée le {date} par le Dr {doctor_last}.\n",
    "Âge : {age}. Accident de la voie publique à {town} le {day_month}, véhicule immatriculé {plate}.\n",
    "Patiente de {age}, suivie à {hospital} pour une {term}, chute au domicile ({street}, {zip_town}).\n",
    "Enfant de {age}, amené par sa mère, Mme {relative}, joignable au {phone}.\n",
    "Douleurs de l'épaule gauche depuis {month_year}. Signe de {eponym} positif. Profession : maçon.\n",
    "Contexte : {age}, ancien travailleur des mines à {town}, arthrose connue, stade 3 de Kellgren et La"
    "wrence.\n",
    "Bilan d'âge osseux selon Greulich et Pyle. Âge civil : {age}.\n",
    "Accompagné(e) de son époux, M. {relative}, qui rapporte une chute le {last_date} dernier.\n",
)
TECHNIQUES = (
    "TECHNIQUE : radiographies du poignet droit de face et de profil.\n",
    "Technique : incidences de face, de profil et de Schuss. Comparaison avec l'examen du {date}.\n",
    "Deux clichés de la cheville en charge. Comparé aux clichés de {month_year} ({hospital}).\n",
    "Technique. Bassin de face, col fémoral droit de profil (incidence d'Arcelin).\n",
    "Main et poignet gauches de face sur cassette {device}.\n",
)
RESULTS = (
    "RÉSULTAT : {term} à déplacement postérieur de 4 mm. Interligne radio-carpien respecté.\n",
    "Résultats : pas de fracture décelable. Pas d'image de {term}. Parties molles sans particularité.\n",
    "{term} stable par rapport au {date}. Angle de Böhler mesuré à 28 degrés.\n",
    "Gonarthrose fémoro-tibiale interne stade 2 de Kellgren et Lawrence, ostéophytes marginaux.\n",
    "Pas de lésion osseuse. Calcification de 3 x 5 mm du tendon d'Achille.\n",
    "Ostéosynthèse par broches de Kirschner en place, cal osseux débutant à 6 semaines.\n",
    "Consolidation acquise depuis {month_year}. Ligne de Shenton respectée, index de Reimers 12 %.\n",
    "Aspect de {term}, à confronter à la clinique. Hauteur du cal : 12,5 mm.\n",
    "Fracture Salter-Harris II du radius distal. Noyau de l'ulna présent.\n",
    "Comme déjà signalé à {title} {last} le {day_month}, {term} sans signe de complication.\n",
)
CONCLUSIONS = (
    "CONCLUSION : {term} non compliquée. {title} {last} sera revu(e) le {date} à {hospital}.\n",
    "Conclusion : examen normal. Résultats donnés à {title} {last} et à sa fille {relative_first}.\n",
    "Au total : {term}. Avis demandé au Dr {doctor_last}, à contacter au {phone}.\n",
    "Conclusion. Pas de fracture. Transmis par téléphone au Dr {doctor} à 14h30.\n",
    "CONCLUSION\n{term}, à contrôler dans 10 jours. RDV le {weekday_date} avec {person}.\n",
    "Conclusion : {first} présente une {term}. M. {initial_last} sera convoqué(e).\n",
    "Au total, chez {title} {last_typo}, {age}, {term}. Scanner à discuter.\n",
    "En conclusion : arthrose débutante, compatible avec l'âge de {title} {initial_name}.\n",
    "Conclusion : {last_upper} {first} : {term} ; CR envoyé à {mail}.\n",
)
SIGNATURES = (
    "Dr {doctor}\n",
    "Dr {doctor_initial}\nRPPS : {rpps}\n",
    "Compte rendu validé électroniquement par {person} le {date} à 16:42.\n",
    "Signé : {person}\n",
    "Docteur {doctor}, radiologue - {town}\n",
    "Confraternellement,\n\nPr {doctor_upper}\n{mail}\n",
    "Dicté par le Dr {doctor_last}, relu par {person}. Frappe : {initials}\n",
    "Réf. : {initials_pair}/{accession}\nLe radiologue, Dr {doctor}\n",
    "Bien à vous,\nDr {doctor} (INAMI {inami})\n",
    "Lu et validé par le Docteur {doctor} - imprimé le {date}\n",
)
FOOTERS = (
    "",
    "",
    "{hospital} - {street} - {zip_town} - standard {phone}\n",
    "{patient_upper} - IPP {ipp} - page 1/2\n",
    "Résultats accessibles sur {url} avec le code patient {ipp}.\n",
    "Page 1 sur 1 - {patient} - {birth} - examen {accession}\n",
)
PARTS = (HEADERS, PATIENTS, REQUESTS, INDICATIONS, TECHNIQUES, RESULTS, CONCLUSIONS, SIGNATURES, FOOTERS)

TERMS = (
    "fracture de Pouteau-Colles",
    "fracture de Goyrand-Smith",
    "maladie de Paget",
    "fracture de Maisonneuve",
    "luxation de Monteggia",
    "fracture de Bennett",
    "maladie d'Osgood-Schlatter",
    "fracture de Galeazzi",
    "lésion de Bankart",
    "encoche de Hill-Sachs",
    "maladie de Kienböck",
    "kyste de Baker",
    "entorse du Lisfranc",
    "fracture de Jones",
    "fracture de Segond",
    "maladie de Scheuermann",
    "fracture de Rolando",
    "ostéochondrite de Freiberg",
    "maladie de Dupuytren",
    "maladie de Legg-Calvé-Perthes",
    "fracture de Tillaux",
    "sarcome d'Ewing",
    "fracture du scaphoïde",
    "tumeur à myéloplaxes",
    "rupture du tendon d'Achille",
    "déformation de Madelung",
    "maladie de Sever",
    "pseudarthrose",
    "fracture en motte de beurre",
    "arthrose de Forestier",
    "pied de Charcot",
    "maladie de Haglund",
)
EPONYMS = ("Tinel", "Codman", "Jobe", "Hawkins", "Lachman", "Gerber", "Neer", "Phalen", "Lasègue")
DEVICES = ("Fuji", "Agfa", "Kodak", "Siemens", "Philips")
