"""Telephone numbers, mails and the numbers of people."""

from __future__ import annotations

import re

from benchmarks.deid_text import forms, numbers
from benchmarks.deid_text.scene import Piece, Scene


class CodeSlots(Scene):
    """Slots of this kind, each as the pieces of text it becomes."""

    def _slot_phone(self) -> list[Piece]:
        return [(self.rng.choice((self.phone, self._french_phone())), "phone", "TEL")]

    def _slot_phone_be(self) -> list[Piece]:
        rng = self.rng
        four = [f"{rng.randrange(100):02d}" for _ in range(4)]
        forms_ = (
            f"02/{rng.randint(200, 799)}.{four[0]}.{four[1]}",
            f"04{rng.randint(60, 99)}/{four[0]}.{four[1]}.{four[2]}",
            f"0{rng.randint(60, 89)} {four[0]} {four[1]} {four[2]}",
            f"+32 {rng.randint(470, 499)} {four[0]} {four[1]} {four[2]}",
            f"+32(0)2 {rng.randint(200, 799)} {four[0]} {four[1]}",
        )
        return [(rng.choice(forms_), "phone", "TEL")]

    def _slot_phone_ch(self) -> list[Piece]:
        rng = self.rng
        tail = f"{rng.randint(200, 999)} {rng.randrange(100):02d} {rng.randrange(100):02d}"
        return [
            (
                rng.choice(
                    (
                        f"+41 {rng.choice(['21', '22', '79'])} {tail}",
                        f"0{rng.choice(['21', '26', '78'])} {tail}",
                    )
                ),
                "phone",
                "TEL",
            )
        ]

    def _slot_mail(self) -> list[Piece]:
        first, last = self.rng.choice(self.doctors)
        plain = [re.sub(r"[^a-z]", "", forms.without_accents(n).lower()) or "x" for n in (first, last)]
        who = self.rng.choice(
            (
                ".".join(plain),
                plain[0][0] + plain[1],
                "secretariat.radio",
                f"{plain[1]}{self.rng.randrange(99)}",
            )
        )
        where = self.rng.choice(
            ("ch-ormebeuve.fr", "chu-valmont.be", "hin.ch", "gmail.com", "wanadoo.fr", "aphp.fr")
        )
        return [
            (
                self.rng.choice(
                    (f"{who}@{where}", f"{who}@{where}", f"{who} @ {where}", f"{who}@{where}".upper())
                ),
                "mail",
                "MAIL",
            )
        ]

    def _slot_url(self) -> list[Piece]:
        return [
            (
                self.rng.choice(
                    (
                        "www.ch-ormebeuve.fr",
                        "https://resultats.imagerie-valmont.be/p/K7712",
                        "portail.radio-leman.ch",
                    )
                ),
                "mail",
                "URL",
            )
        ]

    def _slot_ipp(self) -> list[Piece]:
        return [(self.ipp, "id", "IPP")]

    def _slot_nda(self) -> list[Piece]:
        return [(self.nda, "id", "NDA")]

    def _slot_accession(self) -> list[Piece]:
        return [(self.accession, "id", "ACCESSION")]

    def _nir_written(self) -> str:
        number = numbers.nir(self.rng, self.born.year, self.born.month, self.male)
        if self.rng.random() < 0.15:
            number = numbers.spoilt(self.rng, number)
        groups = (1, 2, 2, 2, 3, 3, 2)
        return self.rng.choice(
            (
                number,
                numbers.grouped(number, groups, " "),
                numbers.grouped(number, groups, "."),
                number[:13] + " " + number[13:],
                number[:13] + "/" + number[13:],
                forms.spaced(number),
            )
        )

    def _slot_nir(self) -> list[Piece]:
        return [(self._nir_written(), "id", "SECU")]

    def _slot_ins(self) -> list[Piece]:
        return [(self._nir_written(), "id", "INS")]

    def _slot_niss(self) -> list[Piece]:
        number = numbers.niss(self.rng, self.born.year, self.born.month, self.born.day)
        if self.rng.random() < 0.15:
            number = numbers.spoilt(self.rng, number)
        official = f"{number[:2]}.{number[2:4]}.{number[4:6]}-{number[6:9]}.{number[9:]}"
        return [
            (
                self.rng.choice(
                    (
                        number,
                        official,
                        official,
                        f"{number[:6]}-{number[6:9]}-{number[9:]}",
                        f"{number[:6]} {number[6:9]} {number[9:]}",
                    )
                ),
                "id",
                "NISS",
            )
        ]

    def _slot_avs(self) -> list[Piece]:
        number = numbers.avs(self.rng)
        return [(self.rng.choice((number, numbers.grouped(number, (3, 4, 4, 2), "."))), "id", "AVS")]

    def _slot_gln(self) -> list[Piece]:
        return [(f"7601{self.rng.randrange(10**9):09d}", "id", "GLN")]

    def _slot_rcc(self) -> list[Piece]:
        number = f"{self.rng.choice('ABCDKLMN')} {self.rng.randint(1000, 9999)}.{self.rng.randint(10, 99)}"
        return [(self.rng.choice((number, number.replace(" ", ""))), "id", "RCC")]

    def _slot_rpps(self) -> list[Piece]:
        number = numbers.rpps(self.rng)
        if self.rng.random() < 0.15:
            number = numbers.spoilt(self.rng, number)
        return [
            (
                self.rng.choice((number, number, f"{number[:2]} {number[2:5]} {number[5:8]} {number[8:]}")),
                "id",
                "RPPS",
            )
        ]

    def _slot_inami(self) -> list[Piece]:
        number = numbers.inami(self.rng)
        form = self.rng.choice(
            (
                number,
                f"{number[0]}-{number[1:6]}-{number[6:8]}-{number[8:]}",
                f"{number[0]}/{number[1:6]}/{number[6:8]}/{number[8:]}",
                f"{number[0]}.{number[1:6]}.{number[6:8]}.{number[8:]}",
            )
        )
        return [(form, "id", "INAMI")]

    def _slot_plate(self) -> list[Piece]:
        rng = self.rng

        def letters(count: int) -> str:
            return "".join(rng.choice("ABCDEFGHJKLMNPQRSTVWXYZ") for _ in range(count))

        return [
            (
                rng.choice(
                    (
                        f"{letters(2)}-{rng.randint(100, 999)}-{letters(2)}",
                        f"{letters(2)} {rng.randint(100, 999)} {letters(2)}",
                        f"{rng.randint(1, 2)}-{letters(3)}-{rng.randint(100, 999)}",
                        f"VD {rng.randint(10000, 99999)}",
                        f"{rng.randint(1000, 9999)} {letters(2)} {rng.randint(10, 95)}",
                    )
                ),
                "id",
                "PLAQUE",
            )
        ]
