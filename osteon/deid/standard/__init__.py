"""What the standard says of each attribute, as data: PS3.15 tables E.1-1 and E.3.4-1, edition 2026d."""

from osteon.deid.standard.options import METHOD_CODES, Option, method_codes
from osteon.deid.standard.table import EDITION, content_letter, letter_of, listed_tags, safe_private

__all__ = [
    "EDITION",
    "METHOD_CODES",
    "Option",
    "content_letter",
    "letter_of",
    "listed_tags",
    "method_codes",
    "safe_private",
]
