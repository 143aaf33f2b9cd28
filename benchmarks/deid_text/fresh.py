"""A third set of sentences, written last; its first run was before any of its errors were looked at.

Its values are those under `fresh` in values.yaml.

The figures of that first run (docs/decisions/report-text.md) say what to expect of letters that nobody has
looked at; those of `develop`, of `held_out` and of later runs do not.
"""

HEADERS = (
    "{hospital} - Pôle imagerie\n{street}, {zip_town}\nPrise de rendez-vous : {phone} ou {url}\n",
    "Docteur {doctor}\nRadiologie générale\n{street}\n{zip_town}\nTél {phone}  RPPS {rpps}\n",
    "{hospital}\nService de radiologie - {pavilion}\nMédecins : Dr {doctor} - Dr {doctor}\nSecrétariat {"
    "phone} / {mail}\n",
    "{hospital}\n{street} à {zip_town_be}\nRadiologie : {phone_be}\nDr {doctor}, n° INAMI {inami}\n",
    "Fait à {town}, le {date}\n{hospital}\n",
)
PATIENTS = (
    "PATIENT : {patient}\nSexe : {sex}   Né(e) le : {birth}   Age : {age}\nN° IPP {ipp} / N° séjour {nda}\n",
    "{title} {patient}, né(e) le {birth}\nDomicile : {street}, {zip_town}\nPortable : {phone}\nNIR {nir}\n",
    "Nom d'usage : {last_upper}   Nom de naissance : {maiden_upper}   Prénom : {first}\nDate de naissanc"
    "e : {birth}\nINS : {ins}\n",
    "Objet : radiographie de {title} {patient} ({birth}), NISS {niss}, dossier {nda}\n",
    "{patient_upper}\n{birth} - IPP {ipp}\n",
    "Examen de {title} {patient} - {age} - accession {accession}\n",
)
REQUESTS = (
    "À la demande du Docteur {doctor}, {hospital}.\n",
    "Prescrit par le Dr {doctor} le {date}. Technicien : {person}.\n",
    "Je vous remercie de m'avoir confié {title} {last}.\n",
    "Médecin référent : Dr {doctor}, {street}, {zip_town} (RPPS {rpps}).\n",
    "Examen effectué par {person} sous la responsabilité du Dr {doctor_last}.\n",
)
INDICATIONS = (
    "Motif de l'examen : chute dans la rue le {day_month}, {age}, suspicion de {term}.\n",
    "Indication : {title} {last}, {age}, traumatisme du genou le {weekday_date}.\n",
    "Histoire : opéré(e) d'une {term} en {month_year} au {hospital}, douleurs depuis 6 mois.\n",
    "Renseignements : patient de {age} domicilié à {town}, accident avec son véhicule {plate}.\n",
    "Indication : nourri(e) par sa mère {relative}, tél. {phone}, âge {age}, boiterie.\n",
)
TECHNIQUES = (
    "Technique : face et profil, appareil {device}, comparaison avec le {date}.\n",
    "Incidences : bassin de face et hanche de profil.\n",
    "Trois clichés, comparés à l'examen du {date} ({hospital}).\n",
)
RESULTS = (
    "Constatations : {term} non déplacée. Minéralisation osseuse normale.\n",
    "Résultats : aspect stable depuis le {date}. Absence de {term}.\n",
    "On observe une {term}. Épanchement intra-articulaire de faible abondance.\n",
    "Signe de {eponym} absent. Interlignes conservés, angle de 12 degrés.\n",
)
CONCLUSIONS = (
    "Synthèse : {term}. Contrôle prévu le {date} chez le Dr {doctor_last} à {town}.\n",
    "Conclusion : absence de fracture chez {title} {last}. Compte rendu transmis à {mail}.\n",
    "Conclusion : {term}. J'ai prévenu {title} {patient} et son fils {relative_first} le {last_date} der"
    "nier.\n",
    "Au total {term}. Discussion avec {person} au {phone}.\n",
    "Conclusion : {last_typo} {first}, {age}, {term}.\n",
)
SIGNATURES = (
    "Dr {doctor}, radiologue (RPPS {rpps})\n",
    "Validé par {person} le {date}\n",
    "Avec mes salutations confraternelles, Dr {doctor_initial}\n",
    "Signé électroniquement : {doctor}\nFrappe : {initials}\n",
    "N/Réf. : {initials_pair}\nDr {doctor_upper}\n",
)
FOOTERS = ("", "{hospital}, {street}, {zip_town}, tél. {phone}\n", "{patient_upper} / {ipp} / page 1\n")
PARTS = (HEADERS, PATIENTS, REQUESTS, INDICATIONS, TECHNIQUES, RESULTS, CONCLUSIONS, SIGNATURES, FOOTERS)
