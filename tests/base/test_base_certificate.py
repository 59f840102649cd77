"""TLS by one setting: the certificate is made, is good for the names of this machine, and is renewed in time."""

from __future__ import annotations

import asyncio
import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from base.certificate import VALID_DAYS, ensure
from base.errors import ConfigurationError
from base.sections.node import DataSettings, WebSettings
from base.settings import Settings
from gateway.main import _tls


def _settings(folder: Path) -> Settings:
    return Settings(data=DataSettings(directory=folder), web=WebSettings(tls_self_made=True))


async def test_one_setting_serves_tls_that_verifies(tmp_path: Path) -> None:
    chosen = _settings(tmp_path)
    context = _tls(chosen)
    path = chosen.web.tls_certificate
    assert context is not None and path is not None and chosen.web.public_url == "https://127.0.0.1:8345"
    assert stat.S_IMODE((await asyncio.to_thread(path.stat)).st_mode) == 0o600

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readline())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    trusting = ssl.create_default_context(cafile=str(path))
    async with server:
        port = server.sockets[0].getsockname()[1]
        for name in ("127.0.0.1", "localhost"):
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", port, ssl=trusting, server_hostname=name, ssl_handshake_timeout=60
            )
            writer.write(b"hello\n")
            assert await reader.readline() == b"hello\n"
            writer.close()
        with pytest.raises(ssl.SSLCertVerificationError):
            await asyncio.open_connection("127.0.0.1", port, ssl=trusting, server_hostname="elsewhere.example")


def test_it_stays_until_it_is_about_to_end(tmp_path: Path) -> None:
    chosen, now = _settings(tmp_path), datetime.now(UTC)
    path = tmp_path / "tls" / "self-made.pem"
    ensure(chosen, now=now)
    first = path.read_bytes()
    ensure(chosen, now=now + timedelta(days=VALID_DAYS - 31))
    assert path.read_bytes() == first
    ensure(chosen, now=now + timedelta(days=VALID_DAYS - 29))
    assert path.read_bytes() != first
    path.write_text("broken")
    ensure(chosen, now=now)
    names = x509.load_pem_x509_certificate(path.read_bytes()).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert "localhost" in names.value.get_values_for_type(x509.DNSName)


def test_given_files_are_never_touched(tmp_path: Path) -> None:
    given = tmp_path / "city.pem"
    web = WebSettings(tls_self_made=True, tls_certificate=given, tls_key=given)
    chosen = Settings(data=DataSettings(directory=tmp_path), web=web)
    ensure(chosen)
    assert not given.exists()
    assert (chosen.web.tls_certificate, chosen.web.public_url) == (given, WebSettings().public_url)
    assert Settings(data=DataSettings(directory=tmp_path)).web.tls_certificate is None
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    with pytest.raises(ConfigurationError, match="cannot be made"):
        ensure(_settings(blocked))
