"""A server with the address and the answers of an OpenAI-compatible language model, on the loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class LanguageModel:
    """`says`: the content of its next answers; `fault`: what it does instead (stall, error, garbage, flood, cut)."""

    says: str = ""
    fault: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    endpoint: str = ""
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(await request.json())
        self.keys.append(request.headers.get("Authorization", ""))
        if self.fault == "stall":
            await self.released.wait()
        if self.fault == "error":
            return web.Response(status=500, text="out of memory")
        if self.fault == "redirect":
            raise web.HTTPFound("http://127.0.0.1:9/elsewhere")
        if self.fault == "garbage":
            return web.Response(text="<html>not json", content_type="text/html")
        if self.fault == "other form":
            return web.json_response({"choices": []})
        if self.fault == "flood":
            return web.Response(body=b" " * 3_000_000, content_type="application/json")
        if self.fault == "cut":
            assert request.transport is not None
            request.transport.abort()
        return web.json_response({"choices": [{"message": {"role": "assistant", "content": self.says}}]})


@asynccontextmanager
async def language_model() -> AsyncIterator[LanguageModel]:
    model = LanguageModel()
    app = web.Application()
    app.router.add_post("/v1/chat/completions", model.answer)
    runner = web.AppRunner(app, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    model.endpoint = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    yield model
    model.released.set()
    await runner.cleanup()
