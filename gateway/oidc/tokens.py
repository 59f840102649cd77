"""ID tokens: a JSON Web Signature (RFC 7515) over claims, checked with the provider's public keys (RFC 7517). Pure.

Only RS256 and ES256, only the compact form, only a key of the type that the algorithm needs: `none`, symmetric
algorithms and keys that a token brings along are not known here, so nothing can be talked into them.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from base.errors import HotlineError

_LONGEST_TOKEN: Final = 16_384
_CLOCK_SKEW_SECONDS: Final = 60
_SMALLEST_RSA_BITS: Final = 2_048
_P256_BYTES: Final = 32


class TokenError(HotlineError):
    """The token is not the provider's, not for us, or not of now. The message tells nothing of its contents."""


class UnknownSigningKey(TokenError):
    """Signed with a key that is not among those that were read; the provider may have changed them."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What an ID token must say (OpenID Connect Core, section 3.1.3.7)."""

    issuer: str
    client_id: str
    nonce: str


def verified_claims(
    token: str, keys: Sequence[Mapping[str, Any]], expected: Expected, *, now_seconds: float
) -> dict[str, Any]:
    """The claims of a token whose signature and contents hold.

    Raises:
        UnknownSigningKey: no key of this id is known.
        TokenError: anything else about it is wrong.
    """
    if len(token) > _LONGEST_TOKEN or token.count(".") != 2:
        raise TokenError("the ID token is not a signed token in compact form")
    head, body, signature = token.split(".")
    header = _object(head)
    algorithm = header.get("alg")
    if algorithm not in ("RS256", "ES256") or "crit" in header:
        raise TokenError("the ID token is signed in a way that is not taken (RS256 and ES256 are)")
    signed = f"{head}.{body}".encode("ascii", errors="replace")
    _check_signature(algorithm, _key(keys, header, algorithm), signed, _decoded(signature))
    claims = _object(body)
    _check_claims(claims, expected, now_seconds)
    return claims


def _check_claims(claims: Mapping[str, Any], expected: Expected, now_seconds: float) -> None:
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if claims.get("iss") != expected.issuer:
        raise TokenError("the ID token is another issuer's")
    if expected.client_id not in audiences or (len(audiences) > 1 and claims.get("azp") != expected.client_id):
        raise TokenError("the ID token is for another program")
    if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), expected.nonce.encode()):
        raise TokenError("the ID token belongs to another login")
    ends, issued = _moment(claims.get("exp")), _moment(claims.get("iat"))
    if now_seconds > ends + _CLOCK_SKEW_SECONDS or issued > now_seconds + _CLOCK_SKEW_SECONDS:
        raise TokenError("the ID token is not of now: are the clocks right?")
    if not isinstance(claims.get("sub"), str) or not claims["sub"]:
        raise TokenError("the ID token names nobody")


def _moment(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise TokenError("the ID token does not say how long it holds")
    return value


def _key(keys: Sequence[Mapping[str, Any]], header: Mapping[str, Any], algorithm: str) -> Mapping[str, Any]:
    """The one key of the token's id and its algorithm's type; without an id, the only one of that type."""
    kind = "RSA" if algorithm == "RS256" else "EC"
    wanted = header.get("kid")
    fitting = [
        key
        for key in keys
        if key.get("kty") == kind
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and (wanted is None or key.get("kid") == wanted)
    ]
    if len(fitting) != 1:
        raise UnknownSigningKey("the ID token is signed with a key that the provider does not publish")
    return fitting[0]


def _check_signature(algorithm: str, key: Mapping[str, Any], signed: bytes, signature: bytes) -> None:
    try:
        if algorithm == "RS256":
            numbers = rsa.RSAPublicNumbers(_number(key["e"]), _number(key["n"]))
            public = numbers.public_key()
            if public.key_size < _SMALLEST_RSA_BITS:
                raise TokenError("the provider's key is too short")
            public.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
            return
        if key["crv"] != "P-256" or len(signature) != 2 * _P256_BYTES:
            raise TokenError("the ID token's signature has another form than ES256")
        point = ec.EllipticCurvePublicNumbers(_number(key["x"]), _number(key["y"]), ec.SECP256R1())
        halves = (int.from_bytes(signature[:_P256_BYTES]), int.from_bytes(signature[_P256_BYTES:]))
        point.public_key().verify(encode_dss_signature(*halves), signed, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, LookupError, ValueError, TypeError) as error:
        raise TokenError("the ID token's signature does not hold") from error


def _number(text: Any) -> int:
    return int.from_bytes(_decoded(str(text)))


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise TokenError("the ID token is not written as it should be") from error


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(_decoded(text))
    except ValueError as error:
        raise TokenError("the ID token is not written as it should be") from error
    if not isinstance(found, dict):
        raise TokenError("the ID token is not written as it should be")
    return found
