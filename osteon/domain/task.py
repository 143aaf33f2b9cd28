"""The questions that a model may answer."""

from __future__ import annotations

from enum import StrEnum

from osteon.domain.errors import UsageError


class Kind(StrEnum):
    """What shape an answer has."""

    BINARY = "binary"
    REGRESSION = "regression"
    ORDINAL = "ordinal"


class Task(StrEnum):
    """A question about one radiograph.

    >>> Task.KNEE_OA.label_column, Task.KNEE_OA.kind.value, Task.KNEE_OA.classes
    ('kl_grade', 'ordinal', 5)
    """

    FRACTURE = "fracture"
    BONE_AGE = "bone-age"
    KNEE_OA = "knee-oa"
    ABNORMALITY = "abnormality"
    LEG_ALIGNMENT = "leg-alignment"
    IMPLANT = "implant"

    @classmethod
    def parse(cls, name: str) -> Task:
        """The task of that name; UsageError otherwise."""
        try:
            return cls(name)
        except ValueError:
            known = ", ".join(task.value for task in cls)
            raise UsageError(f"a task among {known}", "another name", "name one of them") from None

    @property
    def label_column(self) -> str:
        """The column of the label table that holds this task's answer."""
        return _COLUMNS[self]

    @property
    def kind(self) -> Kind:
        """Binary, regression or ordinal."""
        return _KINDS[self]

    @property
    def classes(self) -> int:
        """Number of classes; 1 for a regression."""
        return {Kind.BINARY: 2, Kind.REGRESSION: 1, Kind.ORDINAL: 5}[self.kind]

    @property
    def values(self) -> tuple[float, ...]:
        """What an answer may be, in order: the classes, the grades, or steps of a measure.

        >>> Task.FRACTURE.values, Task.LEG_ALIGNMENT.values[:2], len(Task.BONE_AGE.values)
        ((0.0, 1.0), (150.0, 151.0), 81)
        """
        first, last, step = _STEPS.get(self, (0.0, float(self.classes - 1), 1.0))
        return tuple(first + step * index for index in range(int((last - first) / step) + 1))

    @property
    def unit(self) -> str:
        """Unit of the value a prediction gives."""
        return _UNITS[self]

    @property
    def body_parts(self) -> frozenset[str]:
        """Body parts this task may judge; empty means any part of the skeleton."""
        return _BODY_PARTS[self]


_COLUMNS = {
    Task.FRACTURE: "fracture",
    Task.BONE_AGE: "bone_age_months",
    Task.KNEE_OA: "kl_grade",
    Task.ABNORMALITY: "abnormal",
    Task.LEG_ALIGNMENT: "hka_degrees",
    Task.IMPLANT: "implant",
}
_KINDS = {
    Task.FRACTURE: Kind.BINARY,
    Task.BONE_AGE: Kind.REGRESSION,
    Task.KNEE_OA: Kind.ORDINAL,
    Task.ABNORMALITY: Kind.BINARY,
    Task.LEG_ALIGNMENT: Kind.REGRESSION,
    Task.IMPLANT: Kind.BINARY,
}
# First, last and step of what is measured. The hip-knee-ankle angle is the whole one: 180 is a straight
# leg, less is varus; tables that hold the deviation add 180 to it.
_STEPS = {Task.BONE_AGE: (0.0, 240.0, 3.0), Task.LEG_ALIGNMENT: (150.0, 210.0, 1.0)}
_UNITS = {
    Task.FRACTURE: "probability",
    Task.BONE_AGE: "months",
    Task.KNEE_OA: "KL grade",
    Task.ABNORMALITY: "probability",
    Task.LEG_ALIGNMENT: "degrees",
    Task.IMPLANT: "probability",
}
_LIMBS = frozenset({"hand", "wrist", "forearm", "elbow", "shoulder", "knee", "leg", "ankle", "foot", "hip"})
_BODY_PARTS = {
    Task.FRACTURE: _LIMBS | {"pelvis"},
    Task.BONE_AGE: frozenset({"hand", "wrist"}),
    Task.KNEE_OA: frozenset({"knee"}),
    Task.ABNORMALITY: _LIMBS | {"pelvis"},
    Task.LEG_ALIGNMENT: frozenset({"leg"}),
    Task.IMPLANT: _LIMBS | {"pelvis", "spine"},
}
