"""Whether the recognisers beside the core answer."""

from __future__ import annotations

import asyncio
from pathlib import Path

from gateway.neighbours import recognisers


async def test_a_recogniser_counts_when_its_socket_takes_a_connection(tmp_path: Path) -> None:
    assert (await recognisers(tmp_path)).ok is False
    assert (await recognisers(tmp_path, phone_hears=True)).ok is True
    left_behind = tmp_path / "recogniser-1.sock"
    left_behind.touch()
    assert (await recognisers(tmp_path)).extra == {"workers": 0}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_unix_server(serve, tmp_path / "recogniser-0.sock")
    part = await recognisers(tmp_path)
    assert part.ok and not part.needed and part.extra == {"workers": 1}
    server.close()
    await server.wait_closed()
