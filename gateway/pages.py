"""The front end's files. Where it is not built, a page says so in plain words."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from gateway import knowledge_page as knowledge_page_text
from gateway.core import core_of
from gateway.public import OPEN_HEADERS
from knowledge.public_entries import NotAvailable, PublicEntries

DIST: Path = Path(__file__).resolve().parent / "web" / "dist"

_NOT_BUILT = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>{name}</title></head>
<body><main><h1>{name}</h1>
<p>网页还没有构建。请在项目目录运行 <code>make setup</code>，完成后刷新本页。</p>
<p>接口已经可用：<a href="/readyz">/readyz</a>、<code>POST /api/v1/chat</code>。</p>
</main></body></html>
"""


async def _page(request: web.Request, name: str) -> web.StreamResponse:
    path = DIST / name
    if path.is_file():
        return web.FileResponse(path, headers={"Cache-Control": "no-cache", "Content-Type": "text/html; charset=utf-8"})
    text = _NOT_BUILT.format(name=core_of(request).settings.service.hotline_name)
    return web.Response(text=text, status=503, content_type="text/html", charset="utf-8")


async def citizen_page(request: web.Request) -> web.StreamResponse:
    return await _page(request, "index.html")


async def seat_page(request: web.Request) -> web.StreamResponse:
    return await _page(request, "seat.html")


async def unit_page(request: web.Request) -> web.StreamResponse:
    return await _page(request, "unit.html")


async def leader_page(request: web.Request) -> web.StreamResponse:
    return await _page(request, "leader.html")


async def account_page(request: web.Request) -> web.StreamResponse:
    return await _page(request, "account.html")


async def admin_page(request: web.Request) -> web.StreamResponse:
    return await _page(request, "admin.html")


async def knowledge_page(request: web.Request) -> web.StreamResponse:
    return await _page(request, "knowledge.html")


async def entry_page(request: web.Request) -> web.StreamResponse:
    """The same page with the entry written into it; 404 where there is none, or none for everybody."""
    path = DIST / "knowledge.html"
    if not path.is_file():
        return await _page(request, "knowledge.html")
    core = core_of(request)
    page = await asyncio.to_thread(path.read_text, "utf-8")
    room = PublicEntries(core.database, core.clock, licence=core.settings.knowledge.licence)
    try:
        text, status = knowledge_page_text.of_entry(page, await room.one(request.match_info["entry_id"][:64])), 200
    except NotAvailable:
        text, status = knowledge_page_text.of_nothing(page), 404
    return web.Response(
        text=text, status=status, content_type="text/html", charset="utf-8", headers={"Cache-Control": "no-cache"}
    )


def widget(name: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """A file that pages of other sites may load, as nothing else; its name stays, so it is asked for again after an
    hour."""

    async def file(_request: web.Request) -> web.StreamResponse:
        path = DIST / "widget" / name
        if not path.is_file():
            raise web.HTTPNotFound
        kind = {"Content-Type": "text/javascript; charset=utf-8", "Cache-Control": "public, max-age=3600"}
        return web.FileResponse(path, headers={**OPEN_HEADERS, **kind})

    return file


async def favicon(_request: web.Request) -> web.StreamResponse:
    for name in ("favicon.svg", "favicon.ico"):
        if (DIST / name).is_file():
            return web.FileResponse(DIST / name)
    return web.Response(status=204)


async def _cache_assets(request: web.Request, response: web.StreamResponse) -> None:
    if request.path.startswith("/assets/") and response.status == 200:  # their names hold a hash of their content
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"


def add_routes(app: web.Application) -> None:
    app.router.add_get("/", citizen_page)
    app.router.add_get("/seat", seat_page)
    app.router.add_get("/unit", unit_page)
    app.router.add_get("/leader", leader_page)
    app.router.add_get("/account", account_page)
    app.router.add_get("/admin", admin_page)
    app.router.add_get("/knowledge", knowledge_page)
    app.router.add_get("/knowledge/{entry_id}", entry_page)
    for name in ("knowledge.js", "chat.js"):
        app.router.add_get(f"/widget/{name}", widget(name))
    app.router.add_get("/favicon.ico", favicon)
    app.router.add_get("/favicon.svg", favicon)
    if (DIST / "assets").is_dir():
        app.router.add_static("/assets/", DIST / "assets", append_version=False)
        app.on_response_prepare.append(_cache_assets)
