"""A text under construction that knows where its identities stand."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Named:
    """A value that identifies somebody, with its label in the notes' scheme."""

    label: str
    value: str


@dataclass
class Draft:
    """Text and the spans of its identities.

    >>> draft = Draft()
    >>> draft.write("Dr {who}, ", {"who": Named("NOM", "Petit")})
    >>> draft.text, draft.spans
    ('Dr Petit, ', [(3, 8, 'NOM')])
    """

    text: str = ""
    spans: list[tuple[int, int, str]] = field(default_factory=list)

    def write(self, template: str, values: dict[str, Named | str]) -> None:
        """Append a template; each {slot} is filled from `values`."""
        last = 0
        for match in _SLOT.finditer(template):
            self.text += template[last : match.start()]
            value = values[match.group(1)]
            if isinstance(value, Named):
                self.spans.append((len(self.text), len(self.text) + len(value.value), value.label))
                self.text += value.value
            else:
                self.text += value
            last = match.end()
        self.text += template[last:]

    def line(self, template: str, values: dict[str, Named | str]) -> None:
        """Append a template and end the line."""
        self.write(template + "\n", values)
