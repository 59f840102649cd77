"""A citizen goes on with an order from wherever they are: whoever has its tracking code adds to it what has changed.

Progress is `gateway/orders_api.py`, files are `gateway/attachments_api.py`: the same two numbers open all three.
"""

from __future__ import annotations

import hashlib
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, Field

from base.logs import get_logger
from gateway.body import check_text, parse_model
from gateway.core import core_of
from gateway.errors import dumps
from gateway.orders_api import check_code
from workorders import numbers

_log = get_logger("gateway.orders")
_MOST_CHARACTERS = 2_000


class Supplement(BaseModel):
    """`supplement_id`: the same id again adds nothing."""

    text: str
    supplement_id: Annotated[str, Field(max_length=64)] = ""


async def supplement(request: web.Request) -> web.Response:
    """Raises ApiError: 404 a wrong number or code, 409 the order is closed; guessing is throttled as for progress."""
    core = core_of(request)
    number = numbers.normalise(request.match_info["order_no"])[:24]
    await check_code(request, number)
    asked = parse_model(Supplement, await request.read())
    text = check_text(asked.text, _MOST_CHARACTERS)
    named = hashlib.sha256((asked.supplement_id or text).encode()).hexdigest()[:32]
    view = await core.orders.change(
        number, "supplement", actor=f"citizen:{number}", note=text, event_id=f"citizen:{number}:{named}"
    )
    _log.info("an order was added to by its citizen", order_no=number)
    return web.json_response(view.public(), status=201, dumps=dumps)


def add_routes(app: web.Application) -> None:
    app.router.add_post("/api/v1/orders/{order_no}/supplements", supplement)
