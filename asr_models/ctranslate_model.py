"""A CTranslate2 model file taken apart, so that rows of its vocabulary can be left out. Pure.

The layout (`model_spec.py` of CTranslate2, binary version 6), little endian: version u32, name of the specification,
its revision u32; number of variables u32, each a name, rank u8, dimensions u32, type u8, size u32, bytes; number of
aliases u32, each two names. A name is its length u16 and its bytes, the last one zero.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from asr_models.recogniser import RecogniserError

BINARY_VERSION: Final = 6


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


def with_rows(content: bytes, rows: Sequence[int], vocabulary_size: int) -> bytes:
    """The model file with only these rows, in this order, of every variable that has a row a token.

    Raises:
        RecogniserError: not such a file, or no variable has `vocabulary_size` rows.
    """
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
    if not any(variable.dimensions[:1] == (vocabulary_size,) for variable in variables):
        raise RecogniserError(f"model.bin has no variable for {vocabulary_size} tokens")
    parts = [head, struct.pack("<I", len(variables))]
    for variable in variables:
        chosen = _select(variable, rows) if variable.dimensions[:1] == (vocabulary_size,) else variable
        parts += [
            _name(chosen.name),
            struct.pack(f"<B{len(chosen.dimensions)}I", len(chosen.dimensions), *chosen.dimensions),
            struct.pack("<BI", chosen.kind, len(chosen.data)),
            bytes(chosen.data),
        ]
    parts.append(struct.pack("<I", len(aliases)))
    parts += [_name(alias) + _name(name) for alias, name in aliases]
    return b"".join(parts)


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
