"""Small tools on Arrow columns: every conversion is a plain function, called once for each different value."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


class Unreadable(ValueError):  # noqa: N818
    """A value that can't be read; its text is the reason kept with the row."""


@dataclass
class Mapped:
    """A converted column and, for each row, the index into ``reasons`` of why it failed, or -1."""

    values: Any
    failed: npt.NDArray[np.int64]
    reasons: list[str]


def distinct(column: Any) -> tuple[Any, npt.NDArray[np.int64]]:
    """The different values of a column (null included, as the last where there is one) and each row's index into them."""
    import pyarrow as pa

    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    coded = column.dictionary_encode(null_encoding="encode")
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.combine_chunks()
    return coded.dictionary, coded.indices.to_numpy(zero_copy_only=False).astype(np.int64)


def convert(column: Any, function: Callable[[str | None], Any], type_: Any) -> Mapped:
    """``function`` of every value of a text column. A value for which it raises :class:`Unreadable` becomes null."""
    import pyarrow as pa

    values, index = distinct(column)
    out: list[Any] = []
    reasons: list[str] = []
    failed = np.full(len(values), -1, dtype=np.int64)
    for i, value in enumerate(values.to_pylist()):
        try:
            out.append(function(value))
        except Unreadable as error:
            failed[i] = len(reasons)
            reasons.append(str(error))
            out.append(None)
    # index arrays are taken through Arrow, which keeps nulls
    taken = pa.array(out, type_).take(pa.array(index))
    return Mapped(taken, failed[index] if len(values) else np.zeros(0, np.int64), reasons)


def constant(value: Any, rows: int, type_: Any) -> Any:
    """A column of one value."""
    import pyarrow as pa

    return pa.repeat(pa.scalar(value, type_), rows)


def content_ids(columns: Sequence[Any]) -> list[str]:
    """An id for each row from its content: 16 hex characters of SHA-256, then the occurrence number among identical
    rows."""
    import pyarrow.compute as pc

    if not columns:
        return []
    joined = pc.binary_join_element_wise(*columns, "\x1f", null_handling="replace", null_replacement="")
    values, index = distinct(joined)
    hashes = [hashlib.sha256((v or "").encode()).hexdigest()[:16] for v in values.to_pylist()]
    occurrence = occurrences(index)
    return [f"{hashes[i]}-{n}" for i, n in zip(index.tolist(), occurrence.tolist(), strict=True)]


def occurrences(index: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """For each element the how-manieth of its value it is, from 1, in order."""
    order = np.argsort(index, kind="stable")
    ordered = index[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(index) else np.zeros(0, np.int64)
    run = np.repeat(starts, np.diff(np.r_[starts, len(index)]))
    out = np.empty(len(index), dtype=np.int64)
    out[order] = np.arange(len(index)) - run + 1
    return out


def record_ids(source_ref: Any, content: Sequence[Any]) -> Any:
    """The record id of each row: its source id where it has one (``~2`` and so on for repeats inside the file),
    else from its content."""
    import pyarrow as pa
    import pyarrow.compute as pc

    missing = pc.is_null(source_ref).to_numpy(zero_copy_only=False)
    if not missing.any() and pc.count_distinct(source_ref).as_py() == len(source_ref):
        return source_ref
    present = np.flatnonzero(~missing)
    absent = np.flatnonzero(missing)
    given = source_ref.take(pa.array(present))
    if pc.count_distinct(given).as_py() < len(given):
        _, index = distinct(given)
        number = occurrences(index).tolist()
        given = pa.array([v if n == 1 else f"{v}~{n}" for v, n in zip(given.to_pylist(), number, strict=True)], pa.string())
    made = pa.array(content_ids([c.take(pa.array(absent)) for c in content]), pa.string())
    both = pa.concat_arrays([given, made])
    position = np.empty(len(source_ref), dtype=np.int64)
    position[present] = np.arange(len(present))
    position[absent] = len(present) + np.arange(len(absent))
    return both.take(pa.array(position))
