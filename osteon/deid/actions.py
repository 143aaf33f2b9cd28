"""What may happen to an attribute, and a rule of a policy that says so with its reason."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cached_property
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydicom.datadict import tag_for_keyword


class Action(StrEnum):
    """What happens to an attribute (PS3.15 table E.1-1a letters in brackets).

    An attribute without a step is removed (X).
    """

    KEEP = "keep"  # K: only when its value passes the rule's check, else removed
    RETAIN = "retain"  # K by an option: as it is, unless it tells the patient's identity
    ZERO = "zero"  # Z: present and empty
    DUMMY = "dummy"  # D: a fixed value
    UID = "uid"  # U: the keyed map; well-known UIDs stay
    PSEUDONYM = "pseudonym"  # D: the patient's or the accession's pseudonym
    SHIFT = "shift"  # C: the patient's date shift
    AGE = "age"  # K, capped
    CLEAN = "clean"  # C: only words of the policy's vocabulary stay
    CODES = "codes"  # K: only codes that PS3.16 lists, with the standard's own meaning
    ITEMS = "items"  # K, C, U*: the same steps inside each item
    REMOVE = "remove"  # X: said aloud, for the record


class Strict(BaseModel):
    """A part of a policy: unknown keys are refused, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Rule(Strict):
    """One action for one or more attributes, and why."""

    attributes: tuple[str, ...] = Field(min_length=1)
    action: Action
    reason: str
    kind: Literal["patient", "accession"] | None = None
    value: str | None = None
    values: tuple[str, ...] | None = None
    pattern: str | None = None
    when_absent: Literal["add"] | None = None
    otherwise: Literal["zero"] | None = None  # a type 2 attribute stays, empty, when its value may not

    @model_validator(mode="after")
    def _consistent(self) -> Rule:
        for keyword in self.attributes:
            if tag_for_keyword(keyword) is None:
                raise ValueError(f"{keyword} is no attribute of the DICOM dictionary")
        if (self.action is Action.PSEUDONYM) != (self.kind is not None):
            raise ValueError("`kind` goes with the action pseudonym")
        if (self.action is Action.DUMMY) != (self.value is not None):
            raise ValueError("`value` goes with the action dummy")
        if self.pattern is not None:
            re.compile(self.pattern)
        return self

    @cached_property
    def compiled(self) -> re.Pattern[str] | None:
        """The pattern that a kept text must match from end to end."""
        return re.compile(self.pattern) if self.pattern is not None else None

    @cached_property
    def value_set(self) -> frozenset[str] | None:
        """The texts that may be kept."""
        return frozenset(self.values) if self.values is not None else None
