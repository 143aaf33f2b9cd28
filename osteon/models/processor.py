"""What this machine's processor can compute."""

from __future__ import annotations

import re
from pathlib import Path

# x86: VNNI in its three forms; ARM: the dot product extension.
_BYTE_DOT_PRODUCTS = frozenset({"avx512_vnni", "avx_vnni", "avx512vnni", "amx_int8", "asimddp"})


def adds_bytes_exactly(description: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether products of 8-bit numbers are summed in 32 bits; False where nothing says so.

    Older x86 processors sum pairs in 16 bits and saturate: an int8 graph then gives other answers than those
    that its accuracy was measured on.
    """
    try:
        text = description.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    listed = re.search(r"^(?:flags|Features)\s*:(.*)$", text, flags=re.MULTILINE)
    return bool(listed and _BYTE_DOT_PRODUCTS & set(listed.group(1).split()))
