"""Who is asking: the client's address behind known proxies, and whether a browser's origin is one of ours."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from aiohttp import web

from base.sections.node import WebSettings


def client_address(request: web.Request, settings: WebSettings) -> str:
    """The address for throttling. `X-Forwarded-For` counts only when the peer is a trusted proxy: then the last
    address in it that is not itself a trusted proxy."""
    peer = request.remote or "unknown"
    if not settings.trusted_proxies or not _trusted(peer, settings.trusted_proxies):
        return peer
    hops = [hop.strip() for value in request.headers.getall("X-Forwarded-For", []) for hop in value.split(",")]
    for hop in reversed(hops):
        if not _is_address(hop):
            break
        if not _trusted(hop, settings.trusted_proxies):
            return hop
    return peer


def same_origin(request: web.Request, settings: WebSettings, *, required: bool) -> bool:
    """Whether the request comes from one of our own pages (`Origin`), or, unless `required`, from no page at all."""
    origin = request.headers.get("Origin")
    if origin is None:
        return not required or request.headers.get("Sec-Fetch-Site") == "same-origin"
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return False
    own = {settings.public_url.rstrip("/"), *(allowed.rstrip("/") for allowed in settings.allowed_origins)}
    return parts.netloc == request.host or origin in own


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _trusted(address: str, networks: list[str]) -> bool:
    if not _is_address(address):
        return False
    found = ipaddress.ip_address(address)
    return any(found in ipaddress.ip_network(network, strict=False) for network in networks)
