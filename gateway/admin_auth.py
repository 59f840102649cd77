"""Who may use the admin API: a login of the desk whose role has the permission (seats/permissions.py)."""

from __future__ import annotations

from aiohttp import web

from base.logs import get_logger
from gateway.errors import forbidden
from gateway.seat_auth import require_seat
from seats.permissions import Permission, may
from seats.store import SeatIdentity

log = get_logger("gateway.admin")


async def require(request: web.Request, permission: Permission) -> SeatIdentity:
    """
    Raises:
        ApiError: 401 without a login, 403 from a foreign page or without the permission.
    """
    person = await require_seat(request)
    if not may(person.role, permission):
        log.warning("permission missing", seat_id=person.id, permission=permission)
        raise forbidden("您的账号没有这项权限。")
    return person


def actor_of(person: SeatIdentity) -> str:
    return f"seat:{person.id}"
