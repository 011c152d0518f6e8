"""Vectors in 8 bits a dimension: how a float vector becomes one, and its column on SQLite (bytes) and on PostgreSQL (pgvector's halfvec, which holds -127..127 exactly)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Dialect, LargeBinary, TypeDecorator
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.types import TypeEngine, UserDefinedType

__all__ = ["HalfVector", "Int8Vector", "floats_sent", "quantised"]

_Ints = NDArray[np.int8]


def quantised(vector: NDArray[np.float32]) -> tuple[_Ints, float]:
    """(int8 (dimensions,), scale): their product is within half a scale of `vector`; zeros have the scale 0."""
    largest = float(np.abs(vector).max(initial=0.0))
    if largest == 0.0:
        return np.zeros(vector.shape, np.int8), 0.0
    scale = largest / 127
    return np.rint(vector / scale).astype(np.int8), scale


def floats_sent(sent: bytes) -> NDArray[np.float32]:
    """What `halfvec_send(column)` gives, as float32 (dimensions,): 4 bytes of head, then big-endian halves. Ten times cheaper than the text form."""
    return np.frombuffer(sent, ">f2", offset=4).astype(np.float32)


class HalfVector(UserDefinedType[str]):
    """pgvector's `halfvec` of any number of dimensions, as its text: `[1,-2,3]`."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "HALFVEC"


ischema_names["halfvec"] = HalfVector  # else reflection, and with it the migration check, does not know the type


class Int8Vector(TypeDecorator[_Ints]):
    """int8 (dimensions,) in and out."""

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        on_postgresql = dialect.name == "postgresql"
        return dialect.type_descriptor(HalfVector() if on_postgresql else LargeBinary())

    def process_bind_param(self, value: _Ints | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        return str(value.tolist()) if dialect.name == "postgresql" else value.tobytes()

    def process_result_value(self, value: Any, dialect: Dialect) -> _Ints | None:
        if value is None:
            return None
        if dialect.name == "postgresql":
            return np.array(value[1:-1].split(","), np.float32).astype(np.int8)
        return np.frombuffer(value, np.int8)
