"""`/api/v1/admin/…`: unanswered questions in clusters, surges, hints, and what the bot would find."""

from __future__ import annotations

from typing import Annotated, Any, Final

from aiohttp import web
from pydantic import BaseModel, Field

from base.logs import get_logger
from gateway.body import check_text, clean_text, read_model
from gateway.core import core_of
from gateway.errors import ApiError, bad_request, dumps, not_found
from gateway.knowledge_admin_api import shown_entry
from gateway.seat_auth import actor_of, require
from gateway.shapes import query_number
from knowledge.lifecycle import NotPossible
from knowledge.mining.hint_store import HintStore
from knowledge.mining.hints import KINDS
from knowledge.mining.store import STATUSES, Miner, UnknownCluster
from knowledge.mining.surge_store import Surging
from knowledge.model import Hit

log = get_logger("gateway.admin")
_QUERY_CHARACTERS: Final = 500


class Dismissal(BaseModel):
    note: Annotated[str, Field(max_length=1_000)] = ""


def _miner(request: web.Request) -> Miner:
    core = core_of(request)
    return Miner(core.database, core.meaning, core.clock)


def _hints(request: web.Request) -> HintStore:
    core = core_of(request)
    return HintStore(core.database, core.meaning, core.clock)


def _unknown(error: UnknownCluster) -> ApiError:
    return not_found(str(error), "unknown_cluster")


def _one_of(request: web.Request, name: str, values: tuple[str, ...]) -> str:
    value = request.query.get(name, "")
    if value and value not in values:
        raise bad_request(f"参数 {name} 不正确。", "invalid_field")
    return value


async def list_clusters(request: web.Request) -> web.Response:
    await require(request, "knowledge.read")
    status = _one_of(request, "status", STATUSES)
    page, page_size = query_number(request, "page", 1, 1, 1_000_000), query_number(request, "page_size", 50, 1, 200)
    return web.json_response(await _miner(request).page(status, page, page_size), dumps=dumps)


async def rebuild_clusters(request: web.Request) -> web.Response:
    """Asked for, done beside the requests (`gateway/mining_work.py`): thousands of texts may have to be encoded."""
    person = await require(request, "knowledge.edit")
    await _miner(request).ask()
    core_of(request).mining_asked.set()
    log.info("mining asked for", seat_id=person.id)
    return web.json_response({"working": True}, status=202, dumps=dumps)


async def show_cluster(request: web.Request) -> web.Response:
    await require(request, "knowledge.read")
    try:
        return web.json_response(await _miner(request).one(request.match_info["cluster_id"]), dumps=dumps)
    except UnknownCluster as error:
        raise _unknown(error) from error


async def draft_cluster(request: web.Request) -> web.Response:
    person = await require(request, "knowledge.edit")
    cluster_id = request.match_info["cluster_id"]
    try:
        entry_id = await _miner(request).draft(cluster_id, actor=actor_of(person))
    except UnknownCluster as error:
        raise _unknown(error) from error
    except NotPossible as error:
        raise ApiError(409, "not_possible", str(error)) from error
    log.info("entry drafted of a cluster", seat_id=person.id, cluster_id=cluster_id, entry_id=entry_id)
    return await shown_entry(request, entry_id, person, 201)


async def dismiss_cluster(request: web.Request) -> web.Response:
    person = await require(request, "knowledge.edit")
    asked = await read_model(request, Dismissal) if request.can_read_body else Dismissal()
    miner, cluster_id = _miner(request), request.match_info["cluster_id"]
    try:
        await miner.dismiss(cluster_id, clean_text(asked.note))
        log.info("cluster dismissed", seat_id=person.id, cluster_id=cluster_id)
        return web.json_response(await miner.one(cluster_id), dumps=dumps)
    except UnknownCluster as error:
        raise _unknown(error) from error


async def list_surges(request: web.Request) -> web.Response:
    await require(request, "knowledge.read")
    core = core_of(request)
    items = await Surging(core.database, core.meaning, core.clock).now()
    return web.json_response({"items": items}, dumps=dumps)


async def list_hints(request: web.Request) -> web.Response:
    await require(request, "knowledge.read")
    kind = _one_of(request, "kind", KINDS)
    page, page_size = query_number(request, "page", 1, 1, 1_000_000), query_number(request, "page_size", 50, 1, 200)
    return web.json_response(await _hints(request).page(kind, page, page_size), dumps=dumps)


async def search(request: web.Request) -> web.Response:
    """What the bot would find, hot topics included."""
    await require(request, "knowledge.read")
    query = request.query
    result = await core_of(request).knowledge.search(
        check_text(query.get("q", ""), _QUERY_CHARACTERS),
        spoken=query.get("spoken") == "1",
        limit=query_number(request, "limit", 5, 1, 20),
        district=clean_text(query.get("district", ""))[:32] or None,
    )
    items = [_hit(hit) for hit in result.hits]
    return web.json_response({"verdict": result.verdict, "corrected": result.corrected, "items": items}, dumps=dumps)


def _hit(hit: Hit) -> dict[str, Any]:
    return {
        "id": hit.id,
        "kind": hit.kind,
        "question": hit.question,
        "answer": hit.answer,
        "spoken": hit.answer_spoken,
        "probability": round(hit.probability, 4),
        "score": round(hit.score, 4),
        "sample": hit.sample,
        "citations": [citation.as_dict() for citation in hit.citations],
    }


def add_routes(app: web.Application) -> None:
    root = "/api/v1/admin"
    app.router.add_get(f"{root}/clusters", list_clusters)
    app.router.add_post(f"{root}/clusters/rebuild", rebuild_clusters)
    app.router.add_get(f"{root}/clusters/{{cluster_id}}", show_cluster)
    app.router.add_post(f"{root}/clusters/{{cluster_id}}/draft", draft_cluster)
    app.router.add_post(f"{root}/clusters/{{cluster_id}}/dismiss", dismiss_cluster)
    app.router.add_get(f"{root}/topics/surges", list_surges)
    app.router.add_get(f"{root}/hints", list_hints)
    app.router.add_post(f"{root}/hints/refresh", rebuild_clusters)
    app.router.add_get(f"{root}/search", search)
