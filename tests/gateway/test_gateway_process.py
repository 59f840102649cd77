"""The core as a process: it serves before it is ready, survives `kill -9` with nothing lost, and stops in order."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import func, select

from base.settings import ROOT
from hotline.trial.system import lend
from storage.engine import Database
from storage.tables import CallbackTask, Conversation, Order, Turn
from telephony.caller import free_port

pytestmark = [pytest.mark.processes, pytest.mark.timeout(400)]
_START_SECONDS = 180


class CoreProcess:
    """`python -m gateway.main` on a data folder of its own, with what set-up has made."""

    def __init__(self, folder: Path, models: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        folder.mkdir(exist_ok=True)
        lend(models.parent, folder)
        self.environment = {
            **os.environ,
            "HOTLINE_DATA__DIRECTORY": str(folder),
            "HOTLINE_WEB__PORT": str(self.port),
            "HOTLINE_RASA__ENABLED": "false",
            "HOTLINE_DIALOGUE__PHONE_LOST_SECONDS": "2",
            "OMP_NUM_THREADS": "1",
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.folder / "core.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gateway.main"], cwd=ROOT, env=self.environment, stdout=log, stderr=log
            )

    def end(self, number: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(30)

    async def ready(self, session: aiohttp.ClientSession) -> None:
        for _ in range(_START_SECONDS * 2):
            assert self.process is not None and self.process.poll() is None, (self.folder / "core.log").read_text()
            try:
                async with session.get(f"{self.url}/readyz") as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientError:
                pass  # it does not listen yet
            await asyncio.sleep(0.5)
        raise AssertionError((self.folder / "core.log").read_text())


@pytest.fixture
def core_process(tmp_path: Path, models: Path) -> Iterator[CoreProcess]:
    core = CoreProcess(tmp_path / "var", models)
    yield core
    if core.process is not None and core.process.poll() is None:
        core.process.kill()
        core.process.wait(30)


ANSWERS = {
    "detail": "晚上十点以后还在放音乐，吵得睡不着",
    "place": "海淀区中关村街道知春路48号楼下",
    "event_time": "昨天晚上",
    "subject": "楼下的烧烤店",
    "appeal": "希望不要再吵",
    "contact_name": "免贵姓王",
    "contact_phone": "13900001234",
    "confidential": "不用",
    "confirm_order": "对",
}


class Citizen:
    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.session, self.url = session, url
        self.conversation_id: str | None = None

    async def say(self, text: str, message_id: str | None = None) -> dict[str, Any]:
        body = {
            "conversation_id": self.conversation_id,
            "text": text,
            "channel": "web",
            "client_message_id": message_id,
        }
        async with self.session.post(f"{self.url}/api/v1/chat", json=body) as response:
            answer: dict[str, Any] = await response.json()
            assert response.status == 200 and answer["replies"], answer
        self.conversation_id = answer["conversation_id"]
        return answer

    async def until(self, answer: dict[str, Any], slot: str) -> dict[str, Any]:
        for _ in range(15):
            if answer["asking"] == slot:
                return answer
            answer = await self.say(ANSWERS.get(answer["asking"] or "", "对"))
        raise AssertionError(answer)


@pytest.mark.long  # a minute and a half: the core starts anew twice
async def test_kill_9_in_a_call_and_in_a_chat_loses_nothing(core_process: CoreProcess) -> None:
    core_process.start()
    async with aiohttp.ClientSession() as session:
        await core_process.ready(session)
        citizen = Citizen(session, core_process.url)
        await citizen.until(await citizen.say("我要投诉楼下的烧烤店噪声扰民"), "confirm_order")
        token = (core_process.folder / "run" / "internal.token").read_text().strip()
        phone = await session.ws_connect(
            f"{core_process.url}/internal/phone", headers={"Authorization": f"Bearer {token}"}
        )
        started = {"type": "call_started", "call_id": "call-1", "caller": "13900005678", "leg": "sip"}
        await phone.send_json({**started, "trace_id": "ab" * 16, "conversation_id": None})
        opened = await phone.receive_json(timeout=20)
        while opened["type"] in ("prerender", "notices"):  # what is told to whichever phone connects
            opened = await phone.receive_json(timeout=20)
        assert opened["type"] == "opened"
        # The confirmation is under way when the process dies: it happened whole or not at all.
        confirming = asyncio.create_task(citizen.say("对", "the-confirmation"))
        await asyncio.sleep(0.03)
        core_process.end(signal.SIGKILL)
        await asyncio.gather(confirming, return_exceptions=True)
        await phone.close()

        core_process.start()
        await core_process.ready(session)
        answer = await citizen.say("对", "the-confirmation")
        assert len(answer["orders"]) == 1
        for _ in range(60):
            async with session.get(
                f"{core_process.url}/internal/calls/call-1", headers={"Authorization": f"Bearer {token}"}
            ) as response:
                told = await response.json()
            if told["outcome"] is not None:
                break
            await asyncio.sleep(0.5)
        assert (told["outcome"], told["status"]) == ("callback", "ended")
    assert core_process.end(signal.SIGTERM) == 0

    database = Database(f"sqlite+aiosqlite:///{core_process.folder / 'hotline.db'}")
    async with database.read() as read:
        assert (await read.execute(select(func.count()).select_from(Order))).scalar_one() == 1
        tasks = (await read.execute(select(CallbackTask))).scalars().all()
        confirmations = select(func.count()).select_from(Turn).where(Turn.client_message_id == "the-confirmation")
        assert (await read.execute(confirmations)).scalar_one() == 1
        open_calls = select(func.count()).where(Conversation.channel == "phone", Conversation.outcome.is_(None))
        assert (await read.execute(open_calls)).scalar_one() == 0
    await database.close()
    assert [(task.conversation_id, task.number) for task in tasks] == [(opened["conversation_id"], "13900005678")]
    log = (core_process.folder / "core.log").read_text()
    assert "13900001234" not in log and "13900005678" not in log and "烧烤店" not in log


def test_a_taken_port_is_one_clear_sentence(tmp_path: Path, models: Path) -> None:
    core = CoreProcess(tmp_path / "var", models)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", core.port))
        taken.listen()
        finished = subprocess.run(
            [sys.executable, "-m", "gateway.main"], cwd=ROOT, env=core.environment, capture_output=True, timeout=120
        )
    assert finished.returncode == 1
    assert f"port {core.port} on 127.0.0.1 is taken" in finished.stderr.decode()
    assert "Traceback" not in finished.stderr.decode()


def test_a_database_that_cannot_be_opened_is_one_clear_sentence(tmp_path: Path, models: Path) -> None:
    core = CoreProcess(tmp_path / "var", models)
    core.environment["HOTLINE_DATABASE__URL"] = "postgresql+asyncpg://hotline@127.0.0.1:1/none"
    finished = subprocess.run(
        [sys.executable, "-m", "gateway.main"], cwd=ROOT, env=core.environment, capture_output=True, timeout=120
    )
    assert finished.returncode == 1
    assert "the database cannot be opened" in finished.stderr.decode()
