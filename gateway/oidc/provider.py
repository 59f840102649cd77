"""The identity provider over HTTP: its description, its keys, and the exchange of a code for an ID token."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlsplit

import aiohttp

from base.clock import Clock
from base.errors import ConfigurationError, HotlineError
from base.sections.security import OidcSettings
from gateway.oidc.tokens import Expected, UnknownSigningKey, verified_claims

_TIMEOUT: Final = aiohttp.ClientTimeout(total=10)
_LONGEST_ANSWER: Final = 256 * 1024
_DESCRIPTION_SECONDS: Final = 3_600.0
_KEYS_AGAIN_SECONDS: Final = 60.0  # new keys are asked for at most so often
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


class ProviderError(HotlineError):
    """The provider cannot be reached, or answers what it should not."""


@dataclass(frozen=True, slots=True)
class Description:
    """What discovery says (OpenID Connect Discovery 1.0)."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


class Provider:
    """One instance a process. What it says is kept for an hour; its keys until a token names another one."""

    def __init__(self, settings: OidcSettings, *, clock: Clock) -> None:
        """
        Raises:
            ConfigurationError: the issuer's address is not secure.
        """
        check_address(settings.issuer, "oidc.issuer")
        self._settings = settings
        self._clock = clock
        self._description: Description | None = None
        self._described_at = 0.0
        self._keys: list[dict[str, Any]] = []
        self._keys_at = float("-inf")

    async def description(self) -> Description:
        """
        Raises:
            ProviderError: discovery failed, or describes another issuer.
        """
        now = self._clock.monotonic()
        if self._description is not None and now - self._described_at < _DESCRIPTION_SECONDS:
            return self._description
        issuer = self._settings.issuer
        told = await self._ask("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if told.get("issuer") != issuer:
            raise ProviderError("the identity provider describes another issuer than oidc.issuer")
        try:
            found = Description(*(str(told[name]) for name in Description.__slots__))
        except LookupError as error:
            raise ProviderError("the identity provider does not describe its addresses") from error
        for address in (found.authorization_endpoint, found.token_endpoint, found.jwks_uri):
            check_address(address, "an address of the identity provider")
        self._description, self._described_at = found, now
        return found

    async def claims(self, code: str, *, verifier: str, redirect_uri: str, nonce: str) -> dict[str, Any]:
        """Exchange the code (with the proof of RFC 7636) and check the ID token that comes back.

        Raises:
            ProviderError: the exchange was refused.
            TokenError: the ID token does not hold.
        """
        settings, described = self._settings, await self.description()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "client_id": settings.client_id,
            "code_verifier": verifier,
        }
        told = await self._ask("POST", described.token_endpoint, form=form)
        token = told.get("id_token")
        if not isinstance(token, str):
            raise ProviderError("the identity provider gave no ID token")
        expected = Expected(settings.issuer, settings.client_id, nonce)
        now = self._clock.now().timestamp()
        try:
            return verified_claims(token, await self._signing_keys(), expected, now_seconds=now)
        except UnknownSigningKey:
            return verified_claims(token, await self._signing_keys(anew=True), expected, now_seconds=now)

    async def _signing_keys(self, *, anew: bool = False) -> list[dict[str, Any]]:
        now = self._clock.monotonic()
        if not self._keys or (anew and now - self._keys_at >= _KEYS_AGAIN_SECONDS):
            told = (await self._ask("GET", (await self.description()).jwks_uri)).get("keys")
            self._keys = [key for key in told if isinstance(key, dict)] if isinstance(told, list) else []
            self._keys_at = now
        return self._keys

    def _authorization(self) -> str:
        """Who we are to the provider (RFC 6749, 2.3.1): both parts percent-encoded before they are joined."""
        settings = self._settings
        return aiohttp.encode_basic_auth(quote(settings.client_id, safe=""), quote(settings.client_secret, safe=""))

    async def _ask(self, method: str, url: str, *, form: Mapping[str, str] | None = None) -> dict[str, Any]:
        """
        Raises:
            ProviderError: no connection, no 200, or no JSON object of a bearable size.
        """
        headers = {"Authorization": self._authorization()} if form is not None and self._settings.client_secret else {}
        try:
            async with (
                aiohttp.ClientSession(timeout=_TIMEOUT) as session,
                session.request(method, url, data=form, headers=headers, allow_redirects=False) as answer,
            ):
                body = await answer.content.read(_LONGEST_ANSWER)
                if answer.status != 200:
                    raise ProviderError(f"the identity provider answers with status {answer.status}")
                told = json.loads(body)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise ProviderError(f"the identity provider cannot be asked: {type(error).__name__}") from error
        if not isinstance(told, dict):
            raise ProviderError("the identity provider answers with something else than a JSON object")
        return told


def check_address(address: str, what: str) -> None:
    """
    Raises:
        ConfigurationError: not https, unless it is this machine.
    """
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise ConfigurationError(f"{what} begins with https:")
