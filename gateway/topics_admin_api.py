"""`/api/v1/admin/topics…`: hot topics, written and published by editors."""

from __future__ import annotations

from typing import Any, Literal

from aiohttp import web
from pydantic import BaseModel, ValidationError

from base.logs import get_logger
from gateway.body import parse_model, parse_object
from gateway.core import core_of
from gateway.errors import ApiError, bad_request, dumps, not_found
from gateway.seat_auth import actor_of, require
from knowledge.lifecycle import NotPossible
from knowledge.topic_store import TopicStore, UnknownTopic
from knowledge.topics import Card

log = get_logger("gateway.admin")


class TopicStep(BaseModel):
    event: Literal["publish", "end"]


def _store(request: web.Request) -> TopicStore:
    core = core_of(request)
    return TopicStore(core.database, core.clock)


def _card(values: dict[str, Any]) -> Card:
    try:
        return Card.model_validate(values)
    except ValidationError as error:
        found = error.errors()[0]
        own = found["type"] == "value_error"
        field = ".".join(str(part) for part in found["loc"])
        message = found["msg"].removeprefix("Value error, ") if own else f"字段 {field} 缺失或不正确"
        raise bad_request(f"{message}。", "invalid_field") from error


async def list_topics(request: web.Request) -> web.Response:
    await require(request, "knowledge.read")
    items = await _store(request).all(ended=request.query.get("all") == "1")
    return web.json_response({"items": items}, dumps=dumps)


async def save_topic(request: web.Request) -> web.Response:
    person = await require(request, "topics.publish")
    values, topic_id = parse_object(await request.read()), request.match_info.get("topic_id")
    version = values.pop("version", None)
    if version is not None and not isinstance(version, int):
        raise bad_request("字段 version 不正确。", "invalid_field")
    card, store = _card(values), _store(request)
    try:
        saved = await store.save(card, actor=actor_of(person), topic_id=topic_id, version=version)
        return web.json_response(await store.one(saved), status=201 if topic_id is None else 200, dumps=dumps)
    except UnknownTopic as error:
        raise not_found(str(error), "unknown_topic") from error
    except NotPossible as error:
        raise ApiError(409, "conflict", str(error)) from error


async def move_topic(request: web.Request) -> web.Response:
    person = await require(request, "topics.publish")
    asked = parse_model(TopicStep, await request.read())
    store, topic_id = _store(request), request.match_info["topic_id"]
    try:
        await store.step(topic_id, asked.event, actor=actor_of(person))
        log.info("hot topic moved", seat_id=person.id, topic_id=topic_id, step=asked.event)
        return web.json_response(await store.one(topic_id), dumps=dumps)
    except UnknownTopic as error:
        raise not_found(str(error), "unknown_topic") from error
    except NotPossible as error:
        raise ApiError(409, "not_possible", str(error)) from error


def add_routes(app: web.Application) -> None:
    app.router.add_get("/api/v1/admin/topics", list_topics)
    app.router.add_post("/api/v1/admin/topics", save_topic)
    app.router.add_put("/api/v1/admin/topics/{topic_id}", save_topic)
    app.router.add_post("/api/v1/admin/topics/{topic_id}/steps", move_topic)
