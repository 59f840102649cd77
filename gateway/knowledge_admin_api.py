"""`/api/v1/admin/…`: the editors' API over entries, their life cycle and versions (`docs/internals.md`)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from aiohttp import web
from pydantic import AwareDatetime, BaseModel, Field

from base.logs import get_logger
from gateway.body import clean_text, read_model
from gateway.core import core_of
from gateway.errors import ApiError, bad_request, dumps, not_found
from gateway.seat_auth import actor_of, require, require_login
from gateway.shapes import query_number
from knowledge import drafts
from knowledge.editorial import EditConflict, Editorial, UnknownEntry
from knowledge.errors import KnowledgeError
from knowledge.lifecycle import STAGES, Event, NotPossible
from knowledge.listing import Asked, Listing
from knowledge.mining.hint_store import HintStore
from seats.permissions import Permission, may
from seats.store import SeatIdentity

log = get_logger("gateway.admin")
_Reason = Annotated[str, Field(max_length=1_000)]
_PERMISSION_OF: Final[dict[Event, Permission]] = {
    "edit": "knowledge.edit",
    "submit": "knowledge.edit",
    "discard": "knowledge.edit",
    "return": "knowledge.review",
    "approve": "knowledge.review",
    "publish": "knowledge.publish",
    "withdraw": "knowledge.publish",
    "restore": "knowledge.publish",
    "archive": "knowledge.publish",
}


class NewEntry(BaseModel):
    content: dict[str, Any]
    reason: _Reason = ""


class SavedEntry(NewEntry):
    version: int


class CheckedEntry(BaseModel):
    content: dict[str, Any]
    id: Annotated[str, Field(max_length=64)] = ""


class Step(BaseModel):
    event: Event
    note: _Reason = ""
    publish_at: AwareDatetime | None = None
    version: int | None = None


class Steps(BaseModel):
    ids: Annotated[list[Annotated[str, Field(max_length=64)]], Field(min_length=1, max_length=500)]
    event: Event
    note: _Reason = ""
    publish_at: AwareDatetime | None = None


class _Room:
    """What every handler needs of one request."""

    def __init__(self, request: web.Request) -> None:
        core = core_of(request)
        self.clock = core.clock
        self.editorial = Editorial(core.database, clock=core.clock)
        self.expiring_days = core.settings.knowledge.expiring_days
        self.hints = HintStore(core.database, core.meaning, core.clock)
        self.listing = Listing(core.database, expiring_days=self.expiring_days)

    @property
    def now(self) -> datetime:
        return self.clock.now()

    async def shown(self, entry_id: str, person: SeatIdentity, status: int = 200) -> web.Response:
        allowed = [event for event, permission in _PERMISSION_OF.items() if may(person.role, permission)]
        entry = await self.listing.entry(entry_id, actor=actor_of(person), allowed=allowed, now=self.now)
        entry["hints"] = await self.hints.of_entry(entry_id, entry["content"])
        return web.json_response(entry, status=status, dumps=dumps)


def as_knowledge_error(error: KnowledgeError) -> ApiError:
    """The messages of these errors are written for editors."""
    if isinstance(error, UnknownEntry):
        return not_found(str(error), "unknown_entry")
    if isinstance(error, EditConflict):
        return ApiError(409, "conflict", str(error))
    if isinstance(error, NotPossible):
        return ApiError(409, "not_possible", str(error))
    if isinstance(error, drafts.BadDraft):
        return bad_request(str(error), "invalid_content")
    raise error


async def shown_entry(request: web.Request, entry_id: str, person: SeatIdentity, status: int = 200) -> web.Response:
    """The answer that holds *entry*, for whoever made or moved one."""
    return await _Room(request).shown(entry_id, person, status)


async def list_entries(request: web.Request) -> web.Response:
    await require(request, "knowledge.read")
    query, room = request.query, _Room(request)
    stage, sample = query.get("stage", ""), query.get("sample", "")
    if stage and stage not in STAGES:
        raise bad_request("参数 stage 不正确。", "invalid_field")
    asked = Asked(
        text=clean_text(query.get("q", ""))[:200],
        stage=stage,
        topic=query.get("topic", ""),
        owner=query.get("owner", ""),
        scope=query.get("scope", ""),
        audience=query.get("audience", ""),
        sensitivity=query.get("sensitivity", ""),
        sample={"1": True, "0": False}.get(sample),
        sort=query.get("sort", "updated"),
        page=query_number(request, "page", 1, 1, 1_000_000),
        page_size=query_number(request, "page_size", 50, 1, 200),
    )
    return web.json_response(await room.listing.page(asked, room.now), dumps=dumps)


async def create_entry(request: web.Request) -> web.Response:
    person = await require(request, "knowledge.edit")
    room, asked = _Room(request), await read_model(request, NewEntry)
    try:
        identifier = await room.editorial.create(
            asked.content, actor=actor_of(person), reason=clean_text(asked.reason) or "新建"
        )
    except KnowledgeError as error:
        raise as_knowledge_error(error) from error
    log.info("entry drafted", seat_id=person.id, entry_id=identifier)
    return await room.shown(identifier, person, 201)


async def check_entry(request: web.Request) -> web.Response:
    await require(request, "knowledge.read")
    asked = await read_model(request, CheckedEntry)
    problems = [problem.as_dict() for problem in drafts.problems(asked.content, asked.id)]
    core = core_of(request)
    hints = await HintStore(core.database, core.meaning, core.clock).of_content(asked.content, asked.id)
    return web.json_response({"problems": problems, "hints": hints}, dumps=dumps)


async def show_entry(request: web.Request) -> web.Response:
    person = await require(request, "knowledge.read")
    try:
        return await _Room(request).shown(request.match_info["entry_id"], person)
    except KnowledgeError as error:
        raise as_knowledge_error(error) from error


async def save_entry(request: web.Request) -> web.Response:
    person = await require(request, "knowledge.edit")
    room, asked, identifier = _Room(request), await read_model(request, SavedEntry), request.match_info["entry_id"]
    try:
        await room.editorial.save(
            identifier, asked.content, actor=actor_of(person), reason=clean_text(asked.reason), version=asked.version
        )
        return await room.shown(identifier, person)
    except KnowledgeError as error:
        raise as_knowledge_error(error) from error


async def move_entry(request: web.Request) -> web.Response:
    await require_login(request)  # before anything that was sent is looked at
    asked = await read_model(request, Step)
    person = await require(request, _PERMISSION_OF[asked.event])
    room, identifier = _Room(request), request.match_info["entry_id"]
    try:
        await room.editorial.step(
            identifier,
            asked.event,
            actor=actor_of(person),
            note=clean_text(asked.note),
            publish_at=asked.publish_at,
            version=asked.version,
        )
        log.info("entry moved", seat_id=person.id, entry_id=identifier, step=asked.event)
        return await room.shown(identifier, person)
    except KnowledgeError as error:
        raise as_knowledge_error(error) from error


async def move_entries(request: web.Request) -> web.Response:
    """One step for many: each by itself, so that one that is refused does not hold up the others."""
    await require_login(request)  # before anything that was sent is looked at
    asked = await read_model(request, Steps)
    person = await require(request, _PERMISSION_OF[asked.event])
    room = _Room(request)
    done: list[str] = []
    refused: list[dict[str, str]] = []
    for identifier in dict.fromkeys(asked.ids):
        try:
            await room.editorial.step(
                identifier,
                asked.event,
                actor=actor_of(person),
                note=clean_text(asked.note),
                publish_at=asked.publish_at,
            )
            done.append(identifier)
        except KnowledgeError as error:
            refused.append({"id": identifier, "message": as_knowledge_error(error).message})
    return web.json_response({"done": done, "refused": refused}, dumps=dumps)


async def list_versions(request: web.Request) -> web.Response:
    await require(request, "knowledge.read")
    try:
        items = await _Room(request).listing.versions(request.match_info["entry_id"])
    except KnowledgeError as error:
        raise as_knowledge_error(error) from error
    return web.json_response({"items": items}, dumps=dumps)


async def show_version(request: web.Request) -> web.Response:
    await require(request, "knowledge.read")
    number = request.match_info["number"]
    if not (number.isascii() and number.isdigit() and len(number) < 9):
        raise not_found()
    against = query_number(request, "against", -1, 0, 10**8)
    try:
        shown = await _Room(request).listing.difference(
            request.match_info["entry_id"], int(number), None if against < 0 else against
        )
    except KnowledgeError as error:
        raise as_knowledge_error(error) from error
    return web.json_response(shown, dumps=dumps)


async def list_steps(request: web.Request) -> web.Response:
    await require(request, "knowledge.read")
    items = await _Room(request).listing.steps(request.match_info["entry_id"])
    return web.json_response({"items": items}, dumps=dumps)


async def list_expiring(request: web.Request) -> web.Response:
    await require(request, "knowledge.read")
    room = _Room(request)
    days = query_number(request, "days", int(room.expiring_days), 1, 3_650)
    owners = await room.listing.expiring(room.now, days=days, owner=request.query.get("owner", ""))
    return web.json_response({"days": days, "owners": owners}, dumps=dumps)


def add_routes(app: web.Application) -> None:
    root = "/api/v1/admin"
    app.router.add_get(f"{root}/entries", list_entries)
    app.router.add_post(f"{root}/entries", create_entry)
    app.router.add_post(f"{root}/entries/check", check_entry)
    app.router.add_post(f"{root}/entries/steps", move_entries)
    app.router.add_get(f"{root}/entries/{{entry_id}}", show_entry)
    app.router.add_put(f"{root}/entries/{{entry_id}}", save_entry)
    app.router.add_post(f"{root}/entries/{{entry_id}}/steps", move_entry)
    app.router.add_get(f"{root}/entries/{{entry_id}}/steps", list_steps)
    app.router.add_get(f"{root}/entries/{{entry_id}}/versions", list_versions)
    app.router.add_get(f"{root}/entries/{{entry_id}}/versions/{{number}}", show_version)
    app.router.add_get(f"{root}/expiring", list_expiring)
