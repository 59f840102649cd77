"""The routes of GeoReport v2, and the discovery document."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import urlsplit

from aiohttp import web
from sqlalchemy import Select, select

from base.errors import HotlineError
from base.logs import get_logger
from bot import guards
from bot.entities.place_finding import PlaceFinding
from gateway.address import client_address
from gateway.channels.registry import Entry, Registry
from gateway.core import CORE, Core
from gateway.errors import as_api_error
from gateway.open311 import filing, services, shown
from gateway.open311.formats import FORMATS, Element, Listed, Open311Error, answered, refused
from gateway.open311.keys import holder
from gateway.shared_limits import Rate
from storage.tables import Order
from workorders import numbers
from workorders.catalogue_file import Leaf
from workorders.model import FiledOrder

_log = get_logger("gateway.open311")
_KEY: Final = "open311:"
_SPECIFICATION: Final = "http://wiki.open311.org/GeoReport_v2"
Handler = Callable[[web.Request], Awaitable[Any]]


class Open311:
    def __init__(self, core: Core) -> None:
        settings = core.settings.open311
        self._core = core
        self._registry = Registry(core.database, clock=core.clock)
        host = urlsplit(core.settings.web.public_url).hostname or ""
        self._jurisdiction = settings.jurisdiction_id or host
        self._started_at = core.clock.now()
        self._channels: dict[tuple[str, int], Rate] = {}

    async def discovery(self, request: web.Request) -> Element:
        settings, base = self._core.settings, self._core.settings.web.public_url.rstrip("/")
        changed = self._started_at.replace(microsecond=0).isoformat()
        endpoint = {
            "specification": _SPECIFICATION,
            "url": f"{base}/open311/v2",
            "changeset": changed,
            "type": "production",
            "formats": Listed("formats", "format", ["text/xml", "application/json"]),
        }
        contact = settings.open311.contact or f"{settings.service.hotline_name}，{base}"
        fields = {
            "changeset": changed,
            "contact": contact,
            "key_service": f"{contact}（hotline channel api-key NAME）",
            "endpoints": Listed("endpoints", "endpoint", [endpoint]),
        }
        return Element("discovery", fields)

    async def service_list(self, request: web.Request) -> Listed:
        self._check_jurisdiction(request.query.get("jurisdiction_id", ""))
        return services.service_list(self._core.catalogue.current.leaves)

    async def definition(self, request: web.Request) -> Element:
        self._check_jurisdiction(request.query.get("jurisdiction_id", ""))
        return services.definition(self._leaf(request.match_info["service_code"]))

    async def requests(self, request: web.Request) -> Listed:
        self._check_jurisdiction(request.query.get("jurisdiction_id", ""))
        asked = shown.read_query(dict(request.query), self._core.clock.now())
        async with self._core.database.read() as session:
            orders = list((await session.execute(_orders(asked))).scalars())
        return shown.request_list([order for order in orders if shown.may_be_shown(order)])

    async def one_request(self, request: web.Request) -> Listed:
        self._check_jurisdiction(request.query.get("jurisdiction_id", ""))
        number = numbers.normalise(request.match_info["service_request_id"])[:24]
        async with self._core.database.read() as session:
            order = await session.get(Order, number)
        if order is None or not shown.may_be_shown(order):
            raise Open311Error(404, "service_request_id not found")
        return shown.request_list([order])

    async def token(self, request: web.Request) -> Listed:
        """A request of a keeper whose answer was lost: the token is in the answer to the POST, and may be reckoned."""
        self._check_jurisdiction(request.query.get("jurisdiction_id", ""))
        token = request.match_info["token"][:64]
        async with self._core.database.read() as session:
            query = select(Order.order_no).where(Order.idempotency_key == _KEY + token)
            number = (await session.execute(query)).scalar_one_or_none()
        if number is None:
            raise Open311Error(404, "token not found")
        return Listed("service_requests", "request", [{"service_request_id": number, "token": token}])

    async def file(self, request: web.Request) -> Listed:
        core = self._core
        pairs = await _pairs(request)
        sent = dict(pairs)
        entry = await self._holder(request, sent.get("api_key") or request.query.get("api_key", ""))
        self._check_jurisdiction(sent.get("jurisdiction_id") or request.query.get("jurisdiction_id", ""))
        if not sent.get("service_code", "").strip():
            raise Open311Error(400, "service_code was not provided")
        leaf = self._leaf(sent["service_code"].strip())
        form = filing.read_form(pairs, limit_characters=core.settings.web.message_limit_characters)
        await self._throttle(entry)
        place = PlaceFinding()
        if core.find_place is not None and (words := form.get("address_string") or form.get("description")):
            place = await asyncio.to_thread(core.find_place, words)
        version = core.catalogue.current.version
        now = core.clock.now()
        draft = filing.draft_of(form, leaf, place, channel=entry.name, version=version, now=now)
        token = filing.token_of(entry.name, pairs, now)
        async with core.database.write() as session:
            filed = await core.orders.file(session, draft, key=_KEY + token, now=now, actor="system:open311")
        danger = await asyncio.to_thread(guards.check, form.get("description"))
        _log.info("an order was filed by Open311", channel=entry.name, existing=filed.existing)
        told = {
            "service_request_id": filed.order_no,
            "token": token,
            "service_notice": _notice(filed, danger.emergency or ""),
            "account_id": None,
        }
        return Listed("service_requests", "request", [told])

    # -- what is common ----------------------------------------------------------------------------------------------

    def _check_jurisdiction(self, shown_id: str) -> None:
        """One jurisdiction only, so it need not be given."""
        if shown_id.strip() and shown_id.strip() != self._jurisdiction:
            raise Open311Error(404, "jurisdiction_id provided was not found")

    def _leaf(self, code: str) -> Leaf:
        leaf = self._core.catalogue.current.find(code[:16])
        if leaf is None:
            raise Open311Error(404, "service_code provided was not found")
        return leaf

    async def _holder(self, request: web.Request, key: str) -> Entry:
        core = self._core
        address = f"open311:{client_address(request, core.settings.web)}"
        if (wait := await core.limits.wrong_codes.wait(address)) > 0:
            raise Open311Error(429, "too many invalid API keys", headers={"Retry-After": str(max(1, round(wait)))})
        entry = await holder(self._registry, key, core.clock.now()) if key else None
        if entry is None:
            if key:
                await core.limits.wrong_codes.failed(address)
            raise Open311Error(403, "missing or invalid API key")
        return entry

    async def _throttle(self, entry: Entry) -> None:
        rate = entry.messages_a_minute
        if (entry.name, rate) not in self._channels:
            self._channels[entry.name, rate] = self._core.limits.rate(f"open311_{entry.name}", rate)
        if (wait := await self._channels[entry.name, rate].take(entry.name)) > 0:
            raise Open311Error(429, "too many requests", headers={"Retry-After": str(max(1, round(wait)))})

    def add_routes(self, app: web.Application) -> None:
        form, root = "{format}", "/open311/v2"
        for path, method, handler, status in (
            ("/open311/discovery", "GET", self.discovery, 200),
            (f"{root}/services", "GET", self.service_list, 200),
            (f"{root}/services/{{service_code}}", "GET", self.definition, 200),
            (f"{root}/requests", "GET", self.requests, 200),
            (f"{root}/requests", "POST", self.file, 201),
            (f"{root}/requests/{{service_request_id}}", "GET", self.one_request, 200),
            (f"{root}/tokens/{{token}}", "GET", self.token, 200),
        ):
            app.router.add_route(method, f"{path}.{form}", _in_its_form(handler, status))


def _in_its_form(handler: Callable[[web.Request], Awaitable[Listed | Element]], status: int) -> Handler:
    """Answers and failures in the form that the path's ending asks for."""

    async def handle(request: web.Request) -> Any:
        form = request.match_info["format"]
        if form not in FORMATS:
            return refused(Open311Error(404, "the format must be json or xml"), "xml")
        try:
            return answered(await handler(request), form, status=status)
        except Open311Error as error:
            return refused(error, form)
        except HotlineError as error:
            known = as_api_error(error)
            if known is None:
                raise
            return refused(Open311Error(known.status, known.message, headers=known.headers), form)

    return handle


async def _pairs(request: web.Request) -> list[tuple[str, str]]:
    """The fields of the form. Raises Open311Error: the body is none."""
    if request.content_type not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        raise Open311Error(400, "the body must be application/x-www-form-urlencoded")
    try:
        sent = await request.post()
    except (ValueError, LookupError):  # bytes that are no UTF-8, a boundary that is none, an unknown charset
        raise Open311Error(400, "the body is no form") from None
    return [(name, value) for name, value in sent.items() if isinstance(value, str)]


def _orders(asked: shown.Query) -> Select[Order]:
    """The newest first; what is not to be shown is left out here as well, so that it takes no place."""
    query = select(Order).where(~Order.confidential, Order.request_type.not_in(shown.HIDDEN_TYPES))
    query = query.where(Order.status != "draft").order_by(Order.created_at.desc(), Order.order_no.desc())
    if asked.numbers:
        return query.where(Order.order_no.in_(asked.numbers)).limit(shown.MOST)
    query = query.where(Order.created_at >= asked.since, Order.created_at <= asked.until)
    if asked.codes:
        query = query.where(Order.category_code.in_(asked.codes))
    if asked.statuses == ("open",):
        query = query.where(Order.status.not_in(shown.CLOSED))
    if asked.statuses == ("closed",):
        query = query.where(Order.status.in_(shown.CLOSED))
    return query.limit(shown.MOST)


def _notice(filed: FiledOrder, emergency: str) -> str:
    danger = f"如果现在有危险，请立即拨打{emergency}。" if emergency else ""
    if filed.existing:
        return f"{danger}这件事今天已经登记过，工单编号不变。"
    code = f"查询码{filed.tracking_code}，凭工单编号和查询码可以在任何渠道查询进度、补充情况。"
    return f"{danger}已受理，由{filed.unit}办理。{code}"


def add_routes(app: web.Application) -> None:
    core = app[CORE]
    if core.settings.open311.enabled:
        Open311(core).add_routes(app)
