"""A CTranslate2 model file taken apart: rows of its vocabulary can be left out, its weights read. Pure.

The layout (`model_spec.py` of CTranslate2, binary version 6), little endian: version u32, name of the specification,
its revision u32; number of variables u32, each a name, rank u8, dimensions u32, type u8, size u32, bytes; number of
aliases u32, each two names. A name is its length u16 and its bytes, the last one zero.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from asr_models.recogniser import RecogniserError

BINARY_VERSION: Final = 6
_KINDS: Final = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}
"""Numbers by CTranslate2's `DataType`; its bfloat16 (5) has no numpy type."""


@dataclass(frozen=True, slots=True)
class Variable:
    name: bytes
    dimensions: tuple[int, ...]
    kind: int
    data: memoryview | bytes


class _Reader:
    def __init__(self, content: bytes) -> None:
        self._content = memoryview(content)
        self._at = 0

    def number(self, kind: str) -> int:
        (value,) = struct.unpack_from(f"<{kind}", self._content, self._at)
        self._at += struct.calcsize(f"<{kind}")
        return int(value)

    def take(self, size: int) -> memoryview:
        if size > len(self._content) - self._at:
            raise struct.error("the file ends too early")
        self._at += size
        return self._content[self._at - size : self._at]

    def name(self) -> bytes:
        return bytes(self.take(self.number("H")))

    @property
    def finished(self) -> bool:
        return self._at == len(self._content)


@dataclass(frozen=True, slots=True)
class _Content:
    head: bytes
    variables: list[Variable]
    aliases: list[tuple[bytes, bytes]]


def with_rows(content: bytes, rows: Sequence[int], vocabulary_size: int) -> bytes:
    """The model file with only these rows, in this order, of every variable that has a row a token.

    Raises:
        RecogniserError: not such a file, or no variable has `vocabulary_size` rows.
    """
    read = _read(content)
    if not any(variable.dimensions[:1] == (vocabulary_size,) for variable in read.variables):
        raise RecogniserError(f"model.bin has no variable for {vocabulary_size} tokens")
    parts = [read.head, struct.pack("<I", len(read.variables))]
    for variable in read.variables:
        chosen = _select(variable, rows) if variable.dimensions[:1] == (vocabulary_size,) else variable
        parts += [
            _name(chosen.name),
            struct.pack(f"<B{len(chosen.dimensions)}I", len(chosen.dimensions), *chosen.dimensions),
            struct.pack("<BI", chosen.kind, len(chosen.data)),
            bytes(chosen.data),
        ]
    parts.append(struct.pack("<I", len(read.aliases)))
    parts += [_name(alias) + _name(name) for alias, name in read.aliases]
    return b"".join(parts)


def numbers_below(content: bytes, prefix: str) -> Iterator[tuple[str, npt.NDArray[np.float32]]]:
    """Name behind the prefix and numbers of every variable whose name begins with it. Weights that the file holds in
    eight bits are put back to their size by the scale beside them.

    Raises:
        RecogniserError: not such a file, or numbers of a kind that is not read here.
    """
    found = {bytes(one.name).decode().rstrip("\0"): one for one in _read(content).variables}
    for name, variable in found.items():
        if not name.startswith(prefix) or name.endswith("_scale"):
            continue
        if (kind := _KINDS.get(variable.kind)) is None:
            raise RecogniserError(f"model.bin holds {name} as numbers of kind {variable.kind}, which are not read")
        values = np.frombuffer(variable.data, kind).astype(np.float32).reshape(variable.dimensions)
        if (scale := found.get(f"{name}_scale")) is not None:
            values = values / np.frombuffer(scale.data, np.float32).reshape(-1, *[1] * (values.ndim - 1))
        yield name.removeprefix(prefix), values


def _read(content: bytes) -> _Content:
    try:
        reader = _Reader(content)
        if (version := reader.number("I")) != BINARY_VERSION:
            raise RecogniserError(f"model.bin has the binary version {version}, known is {BINARY_VERSION}")
        head = struct.pack("<I", version) + _name(reader.name()) + struct.pack("<I", reader.number("I"))
        variables = [_variable(reader) for _ in range(reader.number("I"))]
        aliases = [(reader.name(), reader.name()) for _ in range(reader.number("I"))]
    except struct.error as error:
        raise RecogniserError(f"model.bin is damaged: {error}") from error
    if not reader.finished:
        raise RecogniserError("model.bin is damaged: something follows its end")
    return _Content(head, variables, aliases)


def _variable(reader: _Reader) -> Variable:
    name = reader.name()
    dimensions = tuple(reader.number("I") for _ in range(reader.number("B")))
    kind = reader.number("B")
    return Variable(name, dimensions, kind, reader.take(reader.number("I")))


def _select(variable: Variable, rows: Sequence[int]) -> Variable:
    count, *others = variable.dimensions
    table = np.frombuffer(variable.data, np.uint8).reshape(count, -1)
    return Variable(variable.name, (len(rows), *others), variable.kind, table[list(rows)].tobytes())


def _name(name: bytes) -> bytes:
    return struct.pack("<H", len(name)) + name
