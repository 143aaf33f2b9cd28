"""What each study shows, drawn from (seed, number) alone: patient, region, finding, device, moment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from osteon.dicom.synthetic.hospital import HOSPITALS, Device, Hospital

_PATTERN = (0, 1, 2, 0, 1)
_REGIONS = ("hand", "knee", "forearm", "ankle")
_SHARES = (0.35, 0.25, 0.20, 0.20)
_FIRST_DAY = date(2021, 1, 4)
_FRACTURE_KINDS = ("transverse", "oblique", "spiral", "displaced", "comminuted", "buckle", "line")
_ADULT_KINDS = (0.22, 0.22, 0.13, 0.24, 0.15, 0.0, 0.04)
_CHILD_KINDS = (0.24, 0.17, 0.10, 0.24, 0.06, 0.15, 0.04)
SITES = {
    "hand": (
        ("radius", 0.36),
        ("metacarpal-5", 0.24),
        ("metacarpal-4", 0.10),
        ("proximal-5", 0.10),
        ("proximal-2", 0.08),
        ("metacarpal-2", 0.07),
        ("proximal-1", 0.05),
    ),
    "forearm": (("radius", 0.45), ("ulna", 0.15), ("radius+ulna", 0.40)),
    "ankle": (("fibula", 0.55), ("tibia", 0.20), ("fibula+tibia", 0.25)),
}


@dataclass(frozen=True, kw_only=True)
class Fracture:
    """One injury: which bones, which kind, how far apart."""

    bones: tuple[str, ...]
    kind: str
    level: float
    """Place along the bone, 0 proximal to 1 distal."""
    severity: float


@dataclass(frozen=True, kw_only=True)
class StudyPlan:
    """Everything that a study's pictures and report have to agree on."""

    seed: int
    number: int
    root: int
    """The first study of the same patient: identity and anatomy are drawn from it."""
    visit: int
    hospital: Hospital
    device: Device
    region: str
    exam: str
    """`bone-age`, `arthrosis` or `trauma`."""
    laterality: str
    sex: str
    birth: date
    day: date
    previous_day: date | None
    views: tuple[str, ...]
    bone_age_months: int | None
    maturity_months: float
    fracture: Fracture | None
    kl_grade: int | None
    cast: str | None
    implant: str | None
    old_fracture: bool
    burned_in: bool

    @property
    def age_years(self) -> int:
        """Age on the day of the study, whole years."""
        had = (self.day.month, self.day.day) >= (self.birth.month, self.birth.day)
        return self.day.year - self.birth.year - (0 if had else 1)

    @property
    def age_months(self) -> int:
        """Age on the day of the study, whole months."""
        months = (self.day.year - self.birth.year) * 12 + self.day.month - self.birth.month
        return months - (1 if self.day.day < self.birth.day else 0)

    @property
    def fracture_label(self) -> int | None:
        """1 or 0 for trauma studies, None where the question was not asked."""
        return int(self.fracture is not None) if self.exam == "trauma" else None

    @property
    def abnormal(self) -> int:
        """1 for a fracture, definite arthrosis (KL >= 2) or metal in place."""
        return int(self.fracture is not None or (self.kl_grade or 0) >= 2 or self.implant is not None)

    @property
    def study_key(self) -> str:
        """Stable opaque name of the study."""
        return f"S{self.seed:04d}-{self.number:06d}"

    @property
    def patient_key(self) -> str:
        """Stable opaque name of the patient."""
        return f"P{self.seed:04d}-{self.root:06d}"

    def stream(self, *purpose: int) -> np.random.Generator:
        """Random numbers of this study for one purpose."""
        return np.random.default_rng([self.seed, self.number, 101, *purpose])

    def anatomy(self) -> np.random.Generator:
        """Random numbers of this patient's anatomy, the same at each visit."""
        return np.random.default_rng([self.seed, self.root, 102])


def plan_study(seed: int, number: int) -> StudyPlan:
    """Return the plan of study `number`; it depends on nothing else than the two arguments."""
    rng = np.random.default_rng([seed, number, 100])
    back = number - len(_PATTERN)
    if back >= 0 and rng.random() < 0.16:
        return _follow_up(plan_study(seed, back), number, rng)
    return _first_visit(seed, number, rng)


def _follow_up(first: StudyPlan, number: int, rng: np.random.Generator) -> StudyPlan:
    days = int(rng.integers(12, 75)) if first.exam == "trauma" else int(rng.integers(180, 420))
    day = first.day + timedelta(days=days)
    grown = first.bone_age_months
    if grown is not None:
        grown = min(grown + round(days / 30.4), 216)
    cast = _cast(rng) if first.exam == "trauma" else None
    return replace(
        first,
        number=number,
        visit=first.visit + 1,
        day=day,
        previous_day=first.day,
        cast=cast,
        device=_device(first.hospital, rng),
        bone_age_months=grown,
        maturity_months=_maturity(grown, first.sex) if grown is not None else first.maturity_months,
        burned_in=bool(rng.random() < 0.03),
    )


def _first_visit(seed: int, number: int, rng: np.random.Generator) -> StudyPlan:
    hospital = HOSPITALS[_PATTERN[number % len(_PATTERN)]]
    region = _REGIONS[int(rng.choice(4, p=_SHARES))]
    sex = "F" if rng.random() < hospital.women else "M"
    day = _FIRST_DAY + timedelta(days=int(rng.integers(0, 1400)))
    exam = {"knee": "arthrosis"}.get(region, "trauma")
    if region == "hand" and rng.random() < 0.7:
        exam = "bone-age"
    child = exam == "bone-age" or (exam == "trauma" and rng.random() < hospital.children)
    bone_age, age_months = _ages(exam, child, rng)
    birth = _birth(day, age_months, rng)
    fracture, cast, implant, old = (
        _trauma(region, child, rng) if exam == "trauma" else (None, None, None, False)
    )
    return StudyPlan(
        seed=seed,
        number=number,
        root=number,
        visit=0,
        hospital=hospital,
        device=_device(hospital, rng),
        region=region,
        exam=exam,
        laterality="L" if (exam == "bone-age" and rng.random() < 0.9) or rng.random() < 0.5 else "R",
        sex=sex,
        birth=birth,
        day=day,
        previous_day=None,
        views=_views(region, exam, rng),
        bone_age_months=bone_age,
        maturity_months=_maturity(bone_age, sex) if bone_age is not None else 240.0 + age_months,
        fracture=fracture,
        kl_grade=int(rng.choice(5, p=hospital.kl_shares)) if region == "knee" else None,
        cast=cast,
        implant=implant,
        old_fracture=old,
        burned_in=bool(rng.random() < 0.03),
    )


def _maturity(bone_age: int, sex: str) -> float:
    from osteon.dicom.synthetic.growth import maturity

    return maturity(float(bone_age), sex)


def _device(hospital: Hospital, rng: np.random.Generator) -> Device:
    return hospital.devices[int(rng.integers(len(hospital.devices)))]


def _ages(exam: str, child: bool, rng: np.random.Generator) -> tuple[int | None, int]:
    """Skeletal age (None for adults) and chronological age, months."""
    if not child:
        low, high = (42, 89) if exam == "arthrosis" else (19, 88)
        return None, int(rng.integers(low * 12, high * 12))
    low, high = (12, 216) if exam == "bone-age" else (36, 204)
    bone_age = int(rng.integers(low, high + 1))
    spread = 5.0 + 9.0 * min(bone_age / 120.0, 1.0)
    age = int(
        np.clip(round(bone_age + rng.normal(0, spread)), max(6, bone_age - 36), min(bone_age + 36, 219))
    )
    return bone_age, age


def _birth(day: date, age_months: int, rng: np.random.Generator) -> date:
    months = day.year * 12 + day.month - 1 - age_months
    first = date(months // 12, months % 12 + 1, 1)
    return first - timedelta(days=int(rng.integers(0, 28)))


def _views(region: str, exam: str, rng: np.random.Generator) -> tuple[str, ...]:
    if exam == "bone-age":
        return ("face",)
    share = {"hand": 0.5, "knee": 0.25, "forearm": 0.65, "ankle": 0.65}[region]
    second = "oblique" if region == "hand" else "profil"
    return ("face", second) if rng.random() < share else ("face",)


def _cast(rng: np.random.Generator) -> str | None:
    if rng.random() >= 0.16:
        return None
    return "resin" if rng.random() < 0.55 else "plaster"


def _trauma(
    region: str, child: bool, rng: np.random.Generator
) -> tuple[Fracture | None, str | None, str | None, bool]:
    """Finding and treatment, drawn apart from each other so that the one does not tell the other."""
    cast = _cast(rng)
    implant = None
    if rng.random() < 0.13:
        choices = ("plate", "pins") if region != "hand" else ("pins", "plate")
        implant = choices[0] if rng.random() < 0.7 else choices[1]
    broken = rng.random() < 0.45
    names, shares = zip(*SITES[region], strict=True)
    bones = tuple(str(names[int(rng.choice(len(names), p=shares))]).split("+"))
    kind = str(_FRACTURE_KINDS[int(rng.choice(7, p=_CHILD_KINDS if child else _ADULT_KINDS))])
    if kind == "buckle" and bones[0] != "radius":
        kind = "transverse"
    level = float(rng.uniform(0.42, 0.86))
    old = rng.random() < 0.3
    if not broken:
        return None, cast, implant, bool(old or implant is not None)
    return (
        Fracture(bones=bones, kind=kind, level=level, severity=float(rng.uniform(0.85, 1.4))),
        cast,
        implant,
        bool(old and implant is None),
    )
