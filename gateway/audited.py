"""One line of the audit log for what a request shows or changes; written before the answer goes out."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from gateway.address import client_address
from gateway.core import core_of
from seats.audit import Action
from seats.store import SeatIdentity


async def audited(
    request: web.Request, person: SeatIdentity | str, action: Action, subject: str, **detail: Any
) -> None:
    """`person`: who asks; an actor by name (`unit:海淀区…`) where it is no account."""
    core = core_of(request)
    await core.audit.record(
        action,
        actor=person if isinstance(person, str) else f"seat:{person.id}",
        subject=subject,
        address=client_address(request, core.settings.web),
        detail=detail,
    )
