"""Requests made from our own OpenAPI document against a real core: none ends in a 5xx or in an undocumented answer."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from test_gateway_process import CoreProcess

from base.settings import ROOT

pytestmark = [pytest.mark.processes, pytest.mark.long, pytest.mark.timeout(900)]
_SEED = 12345
_EXAMPLES = 2  # of each operation, drawn; those at the limits of each field come besides: about 24
_OPERATIONS = 100  # of the document, at least
_CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
_ENDS_THE_LOGIN = "^/ws/|logout|seat/sessions/"  # with which the rest would be nobody's; and sockets
_MANY = {
    f"HOTLINE_WEB__{name}_A_MINUTE": "1000000"
    for name in ("REQUESTS", "CHAT_CONTACTS", "CHAT_MESSAGES", "KNOWLEDGE_REQUESTS", "VOTES", "ORDER_LOOKUPS")
}


def _hotline(core: CoreProcess, *words: str) -> str:
    command = [sys.executable, "-m", "hotline.cli", *words]
    done = subprocess.run(
        command, cwd=ROOT, env=core.environment, capture_output=True, text=True, timeout=300, check=True
    )
    return done.stdout


async def _filled(core: CoreProcess, api_key: str) -> dict[str, str]:
    """An order and a conversation, so that not every number that is tried is unknown."""
    async with aiohttp.ClientSession(core.url, raise_for_status=True) as session:
        await core.ready(session)
        services = await (await session.get("/open311/v2/services.json")).json()
        form = {
            "api_key": api_key,
            "service_code": services[0]["service_code"],
            "address_string": "海淀区中关村街道",
            "description": "路灯不亮",
        }
        made = await (await session.post("/open311/v2/requests.json", data=form)).json()
        chat = await (await session.post("/api/v1/chat", json={"text": "转人工"})).json()
    return {"order_no": made[0]["service_request_id"], "conversation_id": chat["conversation_id"]}


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[CoreProcess]:
    core = CoreProcess(tmp_path_factory.mktemp("requests") / "var", models)
    core.environment |= _MANY | {"HOTLINE_WEB__PUBLIC_URL": core.url}
    core.start()
    try:
        _hotline(core, "channel", "add", "tester")
        key = _hotline(core, "channel", "api-key", "tester").split()[1]
        known = asyncio.run(_filled(core, key))
        lines = ["[parameters]", *(f'{name} = "{value}"' for name, value in known.items())]
        (core.folder / "schemathesis.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
        yield core
    finally:
        core.end(signal.SIGTERM)


async def _cookie(core: CoreProcess, login: str, password: str) -> str:
    async with aiohttp.ClientSession(core.url, headers={"Origin": core.url}) as session:
        answer = await session.post("/api/v1/seat/login", json={"login": login, "password": password})
        assert answer.status == 200, await answer.text()
        return f"hotline_seat={answer.cookies['hotline_seat'].value}"


def _headers(core: CoreProcess, role: str) -> dict[str, str]:
    if not role:
        return {}
    told = _hotline(core, "seat", "add", f"try{role}", "--name", "测试", "--role", role)
    password = told.partition("password is ")[2].split()[0]
    return {"Cookie": asyncio.run(_cookie(core, f"try{role}", password)), "Origin": core.url}


async def _still_logged_in(core: CoreProcess, headers: dict[str, str]) -> bool:
    async with aiohttp.ClientSession(core.url, headers=headers) as session:
        return (await session.get("/api/v1/seat/me")).status == 200


def _requests(core: CoreProcess, report: Path, headers: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [
        *(str(Path(sys.executable).with_name("schemathesis")), "run", f"{core.url}/api/v1/openapi.json"),
        *(word for name, value in headers.items() for word in ("-H", f"{name}: {value}")),
        *("--checks", _CHECKS, "--seed", str(_SEED), "--no-shrink", "-n", str(_EXAMPLES)),
        *("--phases", "coverage,fuzzing", "--continue-on-failure", "--generation-database", "none"),
        *("--exclude-path-regex", _ENDS_THE_LOGIN, "--warnings", "off", "--no-color", "--request-timeout", "60"),
        *("--report", "json", "--report-json-path", str(report)),
    ]
    return subprocess.run(command, cwd=core.folder, capture_output=True, text=True, timeout=800, check=False)


@pytest.mark.parametrize("role", ["", "seat", "admin"])
def test_every_answer_is_one_that_the_document_tells_of(core: CoreProcess, role: str, tmp_path: Path) -> None:
    report, headers = tmp_path / "report.json", _headers(core, role)
    done = _requests(core, report, headers)
    assert done.returncode == 0, done.stdout[-6_000:]
    told: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    assert told["operations"]["tested"] == told["operations"]["selected"] >= _OPERATIONS
    assert told["test_cases"]["generated"] >= 10 * _OPERATIONS
    assert not role or asyncio.run(_still_logged_in(core, headers)), "the last requests were nobody's"
    log = (core.folder / "core.log").read_text(encoding="utf-8", errors="replace")
    assert "request failed" not in log
