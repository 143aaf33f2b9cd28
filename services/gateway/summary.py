"""Predictions as sentences that a French radiologist reads; every one says what it may be used for."""

from __future__ import annotations

from collections.abc import Sequence

from osteon.domain import Prediction, Task

RESEARCH_ONLY = "Recherche uniquement : ne pas utiliser pour le diagnostic ni pour le soin."
RESEARCH_ONLY_ENGLISH = "Research use only: not for diagnosis or care."

_NAMES = {
    Task.FRACTURE: "Fracture",
    Task.BONE_AGE: "Âge osseux",
    Task.KNEE_OA: "Gonarthrose (Kellgren-Lawrence)",
    Task.ABNORMALITY: "Anomalie",
    Task.LEG_ALIGNMENT: "Axe du membre inférieur (angle HKA)",
    Task.IMPLANT: "Matériel ou prothèse",
}
_SIDES = {"right": ", genou droit", "left": ", genou gauche"}
# The closed list of osteon.models.abstention; another reason is shown as it is written.
_REASONS = {
    "picture_too_small": "image trop petite",
    "picture_blank": "image vide",
    "picture_unreadable": "image illisible",
    "body_part_not_covered": "région anatomique non prise en charge",
    "not_a_radiograph": "l'image n'est pas une radiographie",
    "unlike_the_training_pictures": "image trop différente de celles de l'apprentissage",
    "picture_poorly_exposed": "exposition insuffisante",
    "implant_covers_the_joint": "un implant cache l'articulation",
    "model_stale": "modèle à revalider",
}


def name_of(prediction: Prediction) -> str:
    """The task in French; of knees with their side, since one film may show both."""
    task = Task.parse(prediction.task)
    side = _SIDES.get(prediction.laterality, "") if task is Task.KNEE_OA else ""
    return _NAMES[task] + side


def sentence(prediction: Prediction) -> str:
    """One prediction in French.

    A decimal comma, the interval in brackets with its coverage, and the reason of an abstention.
    """
    if prediction.value is None:
        reason = prediction.reason or ""
        return f"{name_of(prediction)} : pas de réponse ({_REASONS.get(reason, reason)})."
    return f"{name_of(prediction)} : {_value(prediction)}{_interval(prediction)}."


def conclusion(predictions: Sequence[Prediction]) -> str:
    """All predictions of one picture, then the restriction of use."""
    return " ".join([*(sentence(prediction) for prediction in predictions), RESEARCH_ONLY])


def _value(prediction: Prediction) -> str:
    value = prediction.value or 0.0
    match Task.parse(prediction.task):
        case Task.BONE_AGE:
            return f"{_number(value, 0)} mois"
        case Task.LEG_ALIGNMENT:
            return f"{_number(value, 1)}°"
        case Task.KNEE_OA:
            return f"grade {_number(value, 0)}"
        case _:
            return f"probabilité {_number(value, 2)}"


def _interval(prediction: Prediction) -> str:
    interval = prediction.interval
    if interval is None:
        return ""
    digits = {"probability": 2, "degrees": 1}.get(prediction.unit, 0)
    bounds = f"{_number(interval.low, digits)} à {_number(interval.high, digits)}"
    return f" [{bounds}, couverture {_number(100 * interval.coverage, 0)} %]"


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}f}".replace(".", ",")
