"""`/api/v1/admin/imports…`: a table of entries is shown first, then applied or dropped. The body is the file itself."""

from __future__ import annotations

from typing import Final

from aiohttp import web
from pydantic import BaseModel

from base.logs import get_logger
from gateway.body import clean_text, read_model
from gateway.core import core_of
from gateway.errors import ApiError, bad_request, dumps, not_found
from gateway.seat_auth import actor_of, require
from knowledge.errors import KnowledgeError
from knowledge.imports import Imports, ImportTooLarge, Limits, NotImportable, UnknownImport
from knowledge.lifecycle import NotPossible

log = get_logger("gateway.admin")
_CHUNK_BYTES: Final = 64 * 1024


class Application(BaseModel):
    submit: bool = False


def _imports(request: web.Request) -> Imports:
    core = core_of(request)
    chosen = core.settings.knowledge
    limits = Limits(chosen.import_limit_bytes, chosen.import_limit_rows)
    return Imports(core.database, core.settings.var / "imports", limits, core.clock)


def _as_api_error(error: KnowledgeError) -> ApiError:
    if isinstance(error, UnknownImport):
        return not_found(str(error), "unknown_import")
    if isinstance(error, ImportTooLarge):
        return ApiError(413, "too_large", str(error))
    if isinstance(error, NotImportable):
        return bad_request(str(error), "not_importable")
    if isinstance(error, NotPossible):
        return ApiError(409, "not_possible", str(error))
    raise error


async def preview(request: web.Request) -> web.Response:
    person = await require(request, "knowledge.import")
    name = clean_text(request.query.get("name", ""))[:300]
    if (request.content_length or 0) > core_of(request).settings.knowledge.import_limit_bytes:
        raise ApiError(413, "too_large", "文件太大：请拆分，或者由管理员用命令行导入。")
    try:
        shown = await _imports(request).preview(name, request.content.iter_chunked(_CHUNK_BYTES))
    except KnowledgeError as error:
        raise _as_api_error(error) from error
    log.info("import previewed", seat_id=person.id, rows=shown["rows"], problems=len(shown["problems"]))
    return web.json_response(shown, status=201, dumps=dumps)


async def apply(request: web.Request) -> web.Response:
    person = await require(request, "knowledge.import")
    asked = await read_model(request, Application)
    try:
        change = await _imports(request).apply(
            request.match_info["import_id"], actor=actor_of(person), submit=asked.submit
        )
    except KnowledgeError as error:
        raise _as_api_error(error) from error
    log.info("import applied", seat_id=person.id, added=change.added, changed=change.changed)
    shown = {"added": change.added, "changed": change.changed, "unchanged": change.unchanged}
    return web.json_response(shown, dumps=dumps)


async def remove(request: web.Request) -> web.Response:
    await require(request, "knowledge.import")
    try:
        await _imports(request).remove(request.match_info["import_id"])
    except KnowledgeError as error:
        raise _as_api_error(error) from error
    return web.json_response({"removed": True}, dumps=dumps)


def add_routes(app: web.Application) -> None:
    app.router.add_post("/api/v1/admin/imports", preview)
    app.router.add_post("/api/v1/admin/imports/{import_id}/apply", apply)
    app.router.add_delete("/api/v1/admin/imports/{import_id}", remove)
