"""French reports that agree with the pictures, each identity marked in the text."""

from __future__ import annotations

import numpy as np

from osteon.dicom.synthetic import phrases
from osteon.dicom.synthetic.draft import Draft
from osteon.dicom.synthetic.identity import Identity
from osteon.dicom.synthetic.physique import physique
from osteon.dicom.synthetic.plan import StudyPlan
from osteon.dicom.synthetic.slots import Values, slot_values


def write_report(plan: StudyPlan, who: Identity) -> Draft:
    """Write the report of a study."""
    rng = plan.stream(7)
    values = slot_values(plan, who)
    draft = Draft()
    _head(draft, plan, values, rng)
    indication, technique, result, conclusion = plan.hospital.style.headings
    _section(draft, indication, [_why(plan, rng)], values)
    _section(draft, technique, [_technique(plan, rng)], values)
    _section(draft, result, _result(plan, rng), values)
    _section(draft, conclusion, _conclusion(plan, rng), values)
    _foot(draft, plan, values, rng)
    draft.text = draft.text.rstrip("\n") + "\n"
    return draft


def _pick(rng: np.random.Generator, options: tuple[str, ...]) -> str:
    return options[int(rng.integers(len(options)))]


def years_and_months(months: int) -> str:
    """Write a skeletal age as French reports do.

    >>> years_and_months(30), years_and_months(12), years_and_months(13)
    ('2 ans et 6 mois', '1 an', '1 an et 1 mois')
    """
    years, rest = divmod(months, 12)
    parts = [f"{years} an{'s' if years > 1 else ''}"] if years else []
    if rest or not parts:
        parts.append(f"{rest} mois")
    return " et ".join(parts)


def _head(draft: Draft, plan: StudyPlan, values: Values, rng: np.random.Generator) -> None:
    maiden = " (née {maiden})" if values["maiden"] != values["nom"] else ""
    if plan.hospital.style.layout == "letter":
        draft.line("{hospital}", values)
        draft.line("{hstreet}, {hzip} {hcity} - Tél. {htel}", values)
        draft.line("Service d'imagerie médicale - Dr {xprenom} {xnom}, RPPS {xrpps}", values)
        draft.line("", values)
        draft.line("{hcity}, le {date}", values)
        draft.line("Patient : {nom} {prenom}" + maiden + ", {ne} le {ddn} ({age})", values)
        draft.line("IPP : {ipp} - Dossier : {nda} - N° INS : {secu}", values)
        if rng.random() < 0.6:
            draft.line("Adresse : {street}, {zip} {city} - Tél. {tel}", values)
        draft.line("Destinataire : Dr {rprenom} {rnom}, {rspec} (RPPS {rrpps})", values)
        draft.line("", values)
        opening = _pick(
            rng,
            (
                "Cher confrère, merci de m'avoir adressé {civ} {nom}, {age}.",
                "Chère consœur, cher confrère, voici le compte rendu de {civ} {prenom} {nom}.",
                "Docteur {rnom}, votre patient {civ} {nom} a bénéficié ce jour de l'examen suivant.",
            ),
        )
        draft.line(opening, values)
    else:
        draft.line("{hospital} - RADIOLOGIE", values)
        draft.line("{nom} {prenom}" + maiden + " DDN {ddn} - {age} - IPP {ipp} - n° {accession}", values)
        if rng.random() < 0.5:
            draft.line("SS {secu} - {street} {zip} {city} - {tel} - {mail}", values)
        draft.line("Examen du {date}, demandé par Dr {rnom} ({rtel})", values)
    draft.line("", values)
    draft.line("RADIOGRAPHIE {of_region}".replace("{of_region}", str(values["of_region"]).upper()), values)


def _section(draft: Draft, heading: str, sentences: list[str], values: Values) -> None:
    draft.line(heading, values)
    draft.line(" ".join(sentences), values)
    draft.line("", values)


def _why(plan: StudyPlan, rng: np.random.Generator) -> str:
    if plan.visit and plan.exam == "trauma":
        return _pick(rng, phrases.CONTROL_WHY)
    return _pick(
        rng,
        {"trauma": phrases.TRAUMA_WHY, "bone-age": phrases.BONE_AGE_WHY, "arthrosis": phrases.ARTHROSIS_WHY}[
            plan.exam
        ],
    )


def _technique(plan: StudyPlan, rng: np.random.Generator) -> str:
    views = {
        ("face",): "de face",
        ("face", "profil"): "de face et de profil",
        ("face", "oblique"): "de face et de trois quarts",
    }[plan.views]
    if plan.exam == "bone-age":
        return _pick(
            rng,
            (
                "Main et poignet {side}s de face.".replace("{side}s", "{side}"),
                "Cliché de la main {side}, poignet inclus, de face.",
            ),
        )
    return _pick(
        rng,
        (
            f"Clichés {views} {{of_region}}.",
            f"Radiographie {{of_region}} {views}.",
            f"{{Region}} {{side}} : incidences {views}.",
        ),
    )


def _result(plan: StudyPlan, rng: np.random.Generator) -> list[str]:
    lines: list[str] = []
    if plan.previous_day is not None:
        lines.append(
            _pick(
                rng, ("Comparaison avec l'examen du {previous}.", "Comparatif : radiographies du {previous}.")
            )
        )
    if plan.exam == "bone-age":
        lines += _bone_age_result(plan, rng)
    elif plan.exam == "arthrosis":
        lines.append(_pick(rng, phrases.GRADE[plan.kl_grade or 0]))
        lines.append(
            _pick(
                rng,
                (
                    "Articulation fémoro-patellaire sans particularité.",
                    "Pas d'épanchement visible.",
                    "Axes non évalués sur ces clichés.",
                ),
            )
        )
    else:
        lines += _trauma_result(plan, rng)
    return lines


def _bone_age_result(plan: StudyPlan, rng: np.random.Generator) -> list[str]:
    written = years_and_months(plan.bone_age_months or 0)
    return [
        _pick(
            rng,
            (
                "L'âge osseux est estimé à ",
                "Maturation osseuse correspondant à un âge de ",
                "Âge osseux évalué à ",
            ),
        )
        + f"{written} selon l'atlas de Greulich et Pyle.",
        f"Âge chronologique : {years_and_months(max(plan.age_months, 1))}.",
        _pick(
            rng,
            (
                "Pas d'anomalie morphologique.",
                "Structure osseuse normale.",
                "Pas de lésion osseuse associée.",
            ),
        ),
    ]


def fracture_sentence(plan: StudyPlan, rng: np.random.Generator) -> str:
    """Describe the fracture: kind, bone, place, displacement."""
    assert plan.fracture is not None
    spot = plan.fracture
    bones = " et ".join(phrases.BONE[name][0] for name in spot.bones)
    if plan.region == "ankle":
        place = "" if "tibia" in spot.bones and len(spot.bones) == 1 else "de l'extrémité distale "
    elif spot.bones[0].startswith("metacarpal"):
        place = "du col " if spot.level > 0.68 else "de la diaphyse "
    elif spot.bones[0].startswith("proximal"):
        place = "de la diaphyse "
    elif plan.region == "hand" or spot.level > 0.72 or spot.kind == "buckle":
        place = "de l'extrémité distale "
    else:
        place = "de la diaphyse "
    kind, tail = _pick(rng, phrases.KIND[spot.kind]), _pick(rng, phrases.FRACTURE_TAIL[spot.kind])
    return f"{kind} {place}{bones}, {tail}."


def _trauma_result(plan: StudyPlan, rng: np.random.Generator) -> list[str]:
    lines = [fracture_sentence(plan, rng)] if plan.fracture else [_pick(rng, phrases.NO_FRACTURE)]
    if plan.implant:
        lines.append(_pick(rng, phrases.IMPLANT[plan.implant]))
    if plan.old_fracture:
        lines.append(_pick(rng, phrases.HEALED))
    if plan.cast:
        lines.append(_pick(rng, phrases.CAST[plan.cast]))
    if plan.maturity_months < 190 and rng.random() < 0.6:
        lines.append(_pick(rng, phrases.GROWTH))
    if physique(plan).osteopenic:
        lines.append(_pick(rng, phrases.OSTEOPENIC))
    elif plan.fracture:
        lines.append(_pick(rng, phrases.DENSITY))
    if not plan.fracture:
        lines.append(_pick(rng, phrases.ALIGNED))
    return lines


def _conclusion(plan: StudyPlan, rng: np.random.Generator) -> list[str]:
    if plan.exam == "bone-age":
        gap = (plan.bone_age_months or 0) - plan.age_months
        word = (
            "concordant avec l'âge chronologique"
            if abs(gap) <= 12
            else ("en avance sur l'âge chronologique" if gap > 0 else "en retard sur l'âge chronologique")
        )
        return [f"Âge osseux de {years_and_months(plan.bone_age_months or 0)} (Greulich et Pyle), {word}."]
    if plan.exam == "arthrosis":
        return [_pick(rng, phrases.GRADE_END[plan.kl_grade or 0])]
    lines = []
    if plan.fracture:
        bones = " et ".join(phrases.BONE[name][0] for name in plan.fracture.bones)
        extra = {"displaced": " déplacée", "comminuted": " comminutive", "buckle": " en motte de beurre"}.get(
            plan.fracture.kind, ""
        )
        lines.append(f"Fracture{extra} {bones} {french_bone_side(plan)}.")
    else:
        lines.append(_pick(rng, phrases.NO_FRACTURE_END))
    if plan.implant:
        lines.append("Matériel d'ostéosynthèse en place.")
    return lines


def french_bone_side(plan: StudyPlan) -> str:
    """Side of the examined region, for the end of a sentence."""
    return "côté gauche" if plan.laterality == "L" else "côté droit"


def _foot(draft: Draft, plan: StudyPlan, values: Values, rng: np.random.Generator) -> None:
    if plan.hospital.style.layout == "letter":
        draft.line(_pick(rng, phrases.CLOSING), values)
        draft.line("Dr {xprenom} {xnom}", values)
        if rng.random() < 0.5:
            draft.line("Contact : {xmail}", values)
    else:
        draft.line("Dr {xnom} - RPPS {xrpps}", values)
        if rng.random() < 0.4:
            draft.line("Copie : Dr {rprenom} {rnom}, {rmail}", values)
