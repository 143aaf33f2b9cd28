"""Names and numbers of `fresh6` as threads, tables, dictations and bilingual letters write them."""

from __future__ import annotations

from benchmarks.deid_text import forms, spoken
from benchmarks.deid_text.scene import Piece
from benchmarks.deid_text.wide_forms import WideForms


class WidePeople(WideForms):
    """Slots of this kind, each as the pieces of text it becomes."""

    def _anybody(self) -> tuple[str, str]:
        return self.cast.first_name(self.rng.choice("MF")), self.cast.surname()

    def _slot_person_wide(self) -> list[Piece]:
        first, last = self._anybody()
        initial = "-".join(
            forms.without_accents(part)[0] + "." for part in first.replace(" ", "-").split("-")
        )
        written = (
            f"{first} {last}",
            f"{last.upper()} {first}",
            f"{last.upper()}, {first}",
            f"{initial} {last}",
            f"{last.upper()} {initial}",
            f"{initial[0]} {last.upper()}",
            f"{first.upper()} {last.upper()}",
            f"{last} ({first})",
        )
        return [(self.rng.choice(written), "person", "PERSONNE")]

    def _slot_surname(self) -> list[Piece]:
        last = self.cast.surname()
        return [(self.rng.choice((last, last, last.upper())), "person", "PERSONNE")]

    def _slot_swiss_doctor(self) -> list[Piece]:
        first, last = self.rng.choice(self.doctors)
        title = self.rng.choice(("Dr méd. ", "Dresse ", "Dre ", "PD Dr ", "Prof. ", "Pr ", "Dr. med. "))
        name = self.rng.choice((last, f"{first} {last}", f"{self._letter(first)}. {last}"))
        return [(title, "", ""), (name, "person", "MEDECIN")]

    def _slot_visa(self) -> list[Piece]:
        first, last = self.rng.choice(self.doctors)
        a, b = self._letter(first), self._letter(last)
        return [(self.rng.choice((a + b, (a + b).lower(), f"{a}.{b}", f"{a}.{b}.")), "person", "INITIALES")]

    def _slot_phone_spoken(self) -> list[Piece]:
        pairs = [self._digits(2) for _ in range(4)]
        words = [_pair_words("0" + self.rng.choice("123456")), *(_pair_words(p) for p in pairs)]
        return [(" ".join(words), "phone", "TEL")]

    def _slot_ipp_spoken(self) -> list[Piece]:
        digits = "".join(c for c in self.ipp if c.isdigit())
        return [(" ".join(_pair_words(digits[i : i + 2]) for i in range(0, len(digits) - 1, 2)), "id", "IPP")]

    def _slot_zip_spoken(self) -> list[Piece]:
        head, tail = self.rng.randint(10, 95), self.rng.choice(("cent", "mille", "zéro zéro trois"))
        words = f"{spoken.number_words(head)} {tail}"
        return [(words, "location", "ZIP")]

    def _slot_street_plain(self) -> list[Piece]:
        return [(f"{self.rng.randint(1, 99)} {self.cast.street()}", "location", "ADRESSE")]

    def _slot_street_after(self) -> list[Piece]:
        number = f"{self.rng.randint(1, 199)}{self.rng.choice(('', '', 'a', ' bte 3', '/4'))}"
        return [(f"{self.cast.street()} {number}", "location", "ADRESSE")]

    def _slot_street_nl(self) -> list[Piece]:
        stem = self.rng.choice(("Kerk", "Molen", "Beuken", "Station", "Dorps", "Veld", "Linden", "Brug"))
        kind = self.rng.choice(("straat", "laan", "weg", "plein", "dreef", "steenweg"))
        return [(f"{stem}{kind} {self.rng.randint(1, 180)}", "location", "ADRESSE")]

    def _slot_mail_wide(self) -> list[Piece]:
        first, last = self._anybody()
        plain = ["".join(c for c in forms.without_accents(n).lower() if c in _LETTERS) for n in (first, last)]
        who = self.rng.choice((".".join(plain), plain[0][0] + plain[1], "_".join(reversed(plain))))
        where = self.rng.choice(
            ("hopital-est.example.org", "hin.ch", "uzb.example.be", "proton.me", "free.fr")
        )
        return [(f"{who}@{where}", "mail", "MAIL")]

    def _slot_passport(self) -> list[Piece]:
        return [
            (f"{self._digits(2)}{self.rng.choice(('AB', 'KT', 'FV'))}{self._digits(5)}", "id", "PASSEPORT")
        ]

    def _slot_iban(self) -> list[Piece]:
        head, size = self.rng.choice((("FR", 25), ("BE", 14), ("CH", 19)))
        body = f"{head}{self._digits(size)}"
        grouped = " ".join(body[i : i + 4] for i in range(0, len(body), 4))
        return [(self.rng.choice((body, grouped)), "id", "IBAN")]


_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def _pair_words(pair: str) -> str:
    """Two digits as a telephone number is said: `06` zéro six, `60` soixante."""
    number = int(pair)
    return f"zéro {spoken.number_words(number)}" if number < 10 else spoken.number_words(number)
