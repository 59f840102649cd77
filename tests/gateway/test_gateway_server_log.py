"""A request that is no HTTP leaves no word of itself in the log."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from gateway.server_log import keep_bytes_out


async def test_bytes_of_a_request_stay_out_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    keep_bytes_out()
    keep_bytes_out()
    server = TestServer(web.Application())
    await server.start_server()
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: here\r\nCookie: hotline_seat=very-secret\x00\r\n\r\n")
        await writer.drain()
        answer = await asyncio.wait_for(reader.read(), 60)
        writer.close()
    finally:
        await server.close()
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400"))
    assert "a request was no HTTP" in caplog.text
    assert "very-secret" not in caplog.text
