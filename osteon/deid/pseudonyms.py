"""One pseudonym everywhere: the same in DICOM, HL7, reports and features.

Every pseudonym is a keyed digest followed by a keyed check of that digest. The check lets the
pseudonymiser recognise its own output, so a second pass changes nothing; without the key nobody can
forge a value that would pass unchanged.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

from osteon.deid.keys import ProjectKey
from osteon.domain.identity import OriginalId, Pseudonym

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U
_UID_ROOT = "2.25."
_UID_BITS, _UID_CHECK_BITS = 96, 32
_OWN = frozenset(_ALPHABET)
_OWN_UID = re.compile(r"2\.25\.[1-9][0-9]{35,38}")
WEEKS = 156
Notes = dict[tuple[str, str], tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Pseudonymiser:
    """Maps the identifiers of one site of one project.

    Attributes:
        key: the project's key.
        site: names who issued the patient numbers, so that equal numbers of two hospitals stay two patients.
        notes: where every pseudonym that is made is written down for the crosswalk, in memory:
            (kind, pseudonym) -> (original, site).
    """

    key: ProjectKey
    site: str = "local"
    notes: Notes | None = field(default=None, repr=False, compare=False)

    def patient(self, patient_id: OriginalId) -> Pseudonym:
        """`P` and 16 characters; the same for a number however it is padded with spaces or cased."""
        return self._tagged("patient", "P", patient_id.value, digest_chars=12, check_chars=4, scope=self.site)

    def study(self, study_instance_uid: OriginalId) -> Pseudonym:
        """The study's short key for file names, from its instance UID: `S` and 15 characters."""
        made = self._tagged("study", "S", self.uid(study_instance_uid).value, digest_chars=12, check_chars=3)
        return self._note("study", made, study_instance_uid.value)

    def accession(self, accession_number: OriginalId) -> Pseudonym:
        """`A` and 15 characters, the sixteen that an SH value may hold (PS3.5 table 6.2-1)."""
        return self._tagged(
            "accession", "A", accession_number.value, digest_chars=12, check_chars=3, scope=self.site
        )

    def person(self, name: OriginalId) -> Pseudonym:
        """`D` and 15 characters: a physician or other person who is not the patient, by name."""
        return self._tagged("person", "D", name.value, digest_chars=12, check_chars=3, scope=self.site)

    def uid(self, uid: OriginalId) -> Pseudonym:
        """`2.25.` and an integer below 2^128 (PS3.5 annex B.2): 96 bits of digest, 32 bits of check."""
        value = uid.value.strip(" \0")
        if self._is_own_uid(value):
            return Pseudonym(value)
        body = int.from_bytes(self.key.digest("uid", value)[:12], "big") | 1 << (_UID_BITS - 1)
        return self._note(
            "uid", Pseudonym(f"{_UID_ROOT}{body << _UID_CHECK_BITS | self._uid_check(body)}"), value
        )

    def days(self, patient_id: OriginalId) -> int:
        """The patient's date shift: whole weeks back, so that weekdays stay; 0 for a pseudonym."""
        value = _normal(patient_id.value)
        if self._is_own("patient", "P", value, 12, 4):
            return 0
        draw = int.from_bytes(self.key.digest("days", f"{self.site}\0{value}")[:8], "big")
        return -7 * (1 + draw % WEEKS)

    def choice(self, kind: str, value: str, count: int) -> int:
        """A keyed draw in [0, count): how surrogates are chosen."""
        return int.from_bytes(self.key.digest(f"choice:{kind}", value)[:8], "big") % count

    def owns(self, value: str) -> bool:
        """True for a patient, study or accession pseudonym or a UID that this key made."""
        if not value or value[0] not in "PSAD2":  # most values are told apart by their first character
            return False
        return (
            self._is_own("patient", "P", value, 12, 4)
            or self._is_own("study", "S", value, 12, 3)
            or self._is_own("accession", "A", value, 12, 3)
            or self._is_own("person", "D", value, 12, 3)
            or self._is_own_uid(value)
        )

    def _tagged(
        self, kind: str, letter: str, value: str, *, digest_chars: int, check_chars: int, scope: str = ""
    ) -> Pseudonym:
        normal = _normal(value)
        if self._is_own(kind, letter, normal, digest_chars, check_chars):
            return Pseudonym(normal)
        body = _base32(self.key.digest(kind, f"{scope}\0{normal}"), digest_chars)
        made = Pseudonym(letter + body + _base32(self.key.digest(f"{kind}-check", body), check_chars))
        return made if kind == "study" else self._note(kind, made, value)

    def _note(self, kind: str, made: Pseudonym, original: str) -> Pseudonym:
        if self.notes is not None and not self.owns(original.strip(" \0")):
            self.notes.setdefault((kind, made.value), (original.strip(" \0"), self.site))
        return made

    def _is_own(self, kind: str, letter: str, value: str, digest_chars: int, check_chars: int) -> bool:
        length = 1 + digest_chars + check_chars
        if len(value) != length or value[0] != letter or not _OWN.issuperset(value[1:]):
            return False
        body = value[1 : 1 + digest_chars]
        return value[1 + digest_chars :] == _base32(self.key.digest(f"{kind}-check", body), check_chars)

    def _is_own_uid(self, value: str) -> bool:
        if not value.startswith(_UID_ROOT) or not _OWN_UID.fullmatch(value):
            return False
        number = int(value[len(_UID_ROOT) :])
        body, check = number >> _UID_CHECK_BITS, number & ((1 << _UID_CHECK_BITS) - 1)
        return body.bit_length() == _UID_BITS and check == self._uid_check(body)

    def _uid_check(self, body: int) -> int:
        return int.from_bytes(self.key.digest("uid-check", str(body))[:4], "big")


def _normal(value: str) -> str:
    return unicodedata.normalize("NFKC", value).strip(" \0\t\r\n").upper()


def _base32(digest: bytes, characters: int) -> str:
    number = int.from_bytes(digest, "big")
    return "".join(_ALPHABET[number >> (5 * place) & 31] for place in range(characters))
