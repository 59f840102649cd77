"""A certificate that we make ourselves (`web.tls_self_made`): for trying TLS out, and for a closed network.

Browsers warn of it until the file is imported on the seats' machines; a city's own certificate is named as
`web.tls_certificate` instead.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from base.errors import ConfigurationError
from base.settings import Settings

VALID_DAYS: Final = 397  # the longest that browsers take
RENEWED_BEFORE_DAYS: Final = 30


def ensure(settings: Settings, *, now: datetime | None = None) -> None:
    """Make the certificate and its key where they are ours to make and are missing or about to end. Of several
    processes that do so at once the last one's pair stands; each pair is written key first, as one file.

    Raises:
        ConfigurationError: the folder cannot be written.
    """
    path = settings.self_made_certificate
    if settings.web.tls_certificate != path:
        return
    moment = now or datetime.now(UTC)
    if _ends_at(path) > moment + timedelta(days=RENEWED_BEFORE_DAYS):
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(_made(_names(settings), moment))
        Path(name).replace(path)
    except OSError as error:
        raise ConfigurationError(f"the certificate {path} cannot be made: {error}") from error


def _ends_at(path: Path) -> datetime:
    """Long ago, where there is none that can be read."""
    try:
        return x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
    except (OSError, ValueError):
        return datetime.min.replace(tzinfo=UTC)


def _names(settings: Settings) -> list[str]:
    """Whatever a browser may call this machine."""
    public = urlsplit(settings.web.public_url).hostname or ""
    found = ["localhost", "127.0.0.1", "::1", socket.gethostname(), settings.web.host, public]
    return [name for name in dict.fromkeys(found) if name not in ("", "0.0.0.0", "::")]


def _made(names: list[str], now: datetime) -> bytes:
    """Key and certificate in one PEM file, so that no process ever reads a pair that does not belong together."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[-1][:64])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
