"""Numbers of people with their check digits, written from the standards and not from the product.

NIR: INSEE, key = 97 - number mod 97, Corsica 2A/2B as 19/18. NISS: arrêté royal du 3 avril 1984, key =
97 - first nine digits mod 97, a 2 before them for births from 2000. RPPS: eleven digits, Luhn (ANS).
INAMI: profession, five digits, key of two, three of the qualification code (97 - number mod 97).
AVS 13 (Switzerland): 756, nine digits, EAN-13 key.
"""

from __future__ import annotations

import random


def nir(rng: random.Random, year: int, month: int, male: bool) -> str:
    """Fifteen characters."""
    department = rng.choice([*(f"{n:02d}" for n in range(1, 96) if n != 20), "2A", "2B", "99"])
    body = f"{1 if male else 2}{year % 100:02d}{month:02d}{department}"
    body += f"{rng.randint(1, 989):03d}{rng.randint(1, 999):03d}"
    return body + f"{97 - int(body.replace('2A', '19').replace('2B', '18')) % 97:02d}"


def niss(rng: random.Random, year: int, month: int, day: int) -> str:
    """Eleven digits."""
    body = f"{year % 100:02d}{month:02d}{day:02d}{rng.randint(1, 997):03d}"
    return body + f"{97 - int(('2' if year >= 2000 else '') + body) % 97:02d}"


def rpps(rng: random.Random) -> str:
    """Eleven digits that begin with 10."""
    body = "10" + "".join(rng.choice("0123456789") for _ in range(8))
    total = 0
    for place, char in enumerate(reversed(body)):
        value = int(char) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return body + str(-total % 10)


def inami(rng: random.Random) -> str:
    """Eleven digits: 1, five, the key of two, three."""
    body = f"1{rng.randint(10000, 99999)}"
    return f"{body}{97 - int(body) % 97:02d}{rng.choice(['130', '140', '660', '003', '730'])}"


def avs(rng: random.Random) -> str:
    """Thirteen digits that begin with 756."""
    body = "756" + "".join(rng.choice("0123456789") for _ in range(9))
    total = sum(int(c) * (3 if place % 2 else 1) for place, c in enumerate(body))
    return body + str(-total % 10)


def grouped(number: str, groups: tuple[int, ...], sep: str) -> str:
    """The characters in groups.

    >>> grouped("85073003328", (2, 2, 2, 3, 2), ".")
    '85.07.30.033.28'
    """
    pieces, place = [], 0
    for size in groups:
        pieces.append(number[place : place + size])
        place += size
    return sep.join([*pieces, number[place:]] if place < len(number) else pieces)


def spoilt(rng: random.Random, number: str) -> str:
    """The number with a wrong last digit, as a typist leaves it."""
    return number[:-1] + str((int(number[-1]) + rng.randint(1, 9)) % 10)
