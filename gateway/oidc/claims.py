"""What the provider's claims make of somebody: login, name, role, unit. Pure; the settings name the claims."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from base.sections.security import OidcSettings
from seats.permissions import ROLES

_NO_LOGIN = re.compile(r"[^\w.@+-]+")


@dataclass(frozen=True, slots=True)
class Person:
    """Who has logged in at the provider."""

    external_id: str  # issuer and subject: what stays the same when the name changes
    login: str
    display_name: str
    role: str
    unit: str = ""


def person_of(claims: Mapping[str, Any], settings: OidcSettings) -> Person | None:
    """None where no claim gives a role here (or the role `unit` without its unit)."""
    held = _values(_claim(claims, settings.role_claim))
    role = next((role for value, role in settings.roles.items() if value in held and role in ROLES), None)
    if role is None:
        return None
    unit = str(_claim(claims, settings.unit_claim) or "") if role == "unit" and settings.unit_claim else ""
    if role == "unit" and not unit:
        return None
    subject = str(claims["sub"])
    login = _NO_LOGIN.sub("", str(_claim(claims, settings.login_claim) or subject))[:64] or subject[:64]
    name = str(_claim(claims, settings.name_claim) or login)[:64]
    return Person(f"{settings.issuer}|{subject}"[:255], login, name, role, unit[:128])


def _claim(claims: Mapping[str, Any], path: str) -> Any:
    """`realm_access.roles` is the claim `roles` within `realm_access`; a claim of that whole name comes first."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _values(claim: Any) -> frozenset[str]:
    values = claim if isinstance(claim, list) else [claim]
    return frozenset(value for value in values if isinstance(value, str))
