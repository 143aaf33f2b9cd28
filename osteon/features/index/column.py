"""An embedding as a column: float32 bytes in SQLite, pgvector's own type in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.types import TypeDecorator, UserDefinedType

_DTYPE = np.dtype("<f4")


class PgVector(UserDefinedType[Any]):
    """pgvector's `vector`, written and read as its text form `[0.1,0.2]`."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The type's name in SQL."""
        return "vector"

    def bind_expression(self, bindvalue: sa.BindParameter[Any]) -> sa.ColumnElement[Any]:
        """The text as a vector: a driver without pgvector's own adapter sends text."""
        return sa.cast(sa.cast(bindvalue, sa.Text()), self)

    def bind_processor(self, _dialect: sa.Dialect) -> Callable[[Any], Any]:
        """From an array to text."""

        def process(value: Any) -> str:
            return value if isinstance(value, str) else vector_text(value)

        return process


class VectorColumn(TypeDecorator[NDArray[np.float32]]):
    """Float32 (D,), little-endian bytes where the database has no vectors."""

    impl = sa.LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
        """The database's own type."""
        return dialect.type_descriptor(PgVector() if dialect.name == "postgresql" else sa.LargeBinary())

    def process_bind_param(self, value: NDArray[np.float32] | None, dialect: sa.Dialect) -> Any:
        """What the driver is given."""
        if value is None:
            return None
        return vector_text(value) if dialect.name == "postgresql" else value.astype(_DTYPE).tobytes()

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> NDArray[np.float32]:
        """What the driver gave, as an array."""
        if dialect.name == "postgresql":
            return np.array(str(value).strip("[]").split(","), dtype=np.float32)
        return np.frombuffer(value, dtype=_DTYPE)


def vector_text(vector_D: NDArray[np.float32]) -> str:
    """pgvector's text form, enough digits to read the same float32 again.

    >>> vector_text(np.array([0.5, -1.0], dtype=np.float32))
    '[0.5,-1]'
    """
    return "[" + ",".join(format(float(value), ".9g") for value in vector_D) + "]"
