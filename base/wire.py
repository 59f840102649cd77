"""Messages on local stream sockets: a 4-byte big-endian length, a JSON header, then `header["bytes"]` bytes.

One codec for every worker process, so that a client and its worker cannot disagree about limits or errors.
"""

from __future__ import annotations

import asyncio
import json
import struct
from typing import Any, Final

from base.errors import HotlineError

HEADER_LIMIT_BYTES: Final = 64 * 1024
_LENGTH: Final = struct.Struct(">I")

Header = dict[str, Any]


class WireError(HotlineError):
    """The other side does not speak this protocol, or broke off in the middle of a message."""


def pack(header: Header, payload: bytes = b"") -> bytes:
    """One message, ready to be written; `bytes` in the header is set from the payload.

    Raises:
        WireError: the header is larger than `HEADER_LIMIT_BYTES`.
    """
    head = json.dumps({**header, "bytes": len(payload)}, ensure_ascii=False).encode()
    if len(head) > HEADER_LIMIT_BYTES:
        raise WireError(f"a message header of {len(head)} bytes is over the limit of {HEADER_LIMIT_BYTES}")
    return _LENGTH.pack(len(head)) + head + payload


async def read(reader: asyncio.StreamReader, *, payload_limit_bytes: int) -> tuple[Header, bytes] | None:
    """The next message, or None where the other side closed between two messages.

    Raises:
        WireError: broken off in the middle, not JSON, or over a limit; the connection cannot be used any more.
    """
    try:
        (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
    except asyncio.IncompleteReadError as error:
        if not error.partial:
            return None
        raise WireError("the connection broke off inside a message") from error
    if not 2 <= length <= HEADER_LIMIT_BYTES:
        raise WireError(f"a header of {length} bytes: not this protocol, or over the limit")
    try:
        header = json.loads(await reader.readexactly(length))
        size = header.get("bytes", 0) if isinstance(header, dict) else None
        if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= payload_limit_bytes:
            raise WireError(f"a message header without a usable size (limit {payload_limit_bytes} bytes)")
        return header, await reader.readexactly(size) if size else b""
    except (ValueError, RecursionError) as error:
        raise WireError("a message header that is not JSON") from error
    except asyncio.IncompleteReadError as error:
        raise WireError("the connection broke off inside a message") from error
