"""`import feast` in one second of processor time instead of seven."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from osteon._hidden import hidden


@contextmanager
def quick_import() -> Iterator[None]:
    """Inside, feast is imported without what an event table does not need.

    Torch serves its retrievers for language models; typeguard rewrites and compiles every method of its
    classes anew in each process, to check the types of calls that mypy has checked here.
    """
    import typeguard

    kept = typeguard.typechecked
    typeguard.typechecked = _as_it_is  # type: ignore[assignment]
    try:
        with hidden("torch"):
            yield
    finally:
        typeguard.typechecked = kept


def _as_it_is(target: Callable[..., Any] | None = None, **_options: Any) -> Callable[..., Any]:
    """The decorated function or class itself, however the decorator is written."""
    return target if target is not None else lambda function: function
