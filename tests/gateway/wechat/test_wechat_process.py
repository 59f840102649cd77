"""A core process between WeChat's stand-in and many citizens, killed in the middle."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import func, select
from wechat_helpers import AES_KEY, APP_ID, CRYPTO, SECRET, TOKEN
from wechat_stand_in import OfficialStandIn, served

from base.clock import ManualClock
from base.settings import ROOT
from gateway.wechat import xml
from gateway.wechat.crypto import signature
from storage.engine import Database
from storage.messenger_tables import MessengerInbox, MessengerOutbox
from storage.tables import Turn
from telephony.caller import free_port

pytestmark = [pytest.mark.processes, pytest.mark.long, pytest.mark.timeout(600)]
HERE = Path(__file__).resolve().parent
CITIZENS = 60
QUESTION = "居住证丢了怎么补办？"


class RealClock(ManualClock):
    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class Delivered:
    """What became of one message: how often it was delivered, what was answered, and how long that took."""

    user_id: str
    tries: int = 0
    reply: str | None = None
    seconds: list[float] = field(default_factory=list)


async def deliver(session: aiohttp.ClientSession, url: str, number: int, told: Delivered) -> None:
    """As WeChat does: three times, five seconds each, until somebody answers."""
    created = str(int(time.time()))
    message = (
        f"<xml><ToUserName>gh</ToUserName><FromUserName>{told.user_id}</FromUserName><CreateTime>{created}</CreateTime>"
        f"<MsgType>text</MsgType><Content>{xml.cdata(QUESTION)}</Content><MsgId>{number}</MsgId></xml>"
    ).encode()
    for _ in range(3):
        timestamp = str(int(time.time()))
        ciphertext, sign = CRYPTO.seal(message, timestamp=timestamp, nonce="n")
        params = {
            "timestamp": timestamp,
            "nonce": "n",
            "signature": signature(TOKEN, timestamp, "n"),
            "encrypt_type": "aes",
            "msg_signature": sign,
        }
        told.tries += 1
        started = time.monotonic()
        try:
            timeout = aiohttp.ClientTimeout(total=5.0)
            body = f"<xml><Encrypt>{ciphertext}</Encrypt></xml>".encode()
            async with session.post(f"{url}/wechat/callback", params=params, data=body, timeout=timeout) as response:
                if response.status == 200:
                    told.reply = (await response.read()).decode()
                    told.seconds.append(time.monotonic() - started)
                    return
        except (aiohttp.ClientError, TimeoutError):
            pass  # that is what a dead core looks like
        await asyncio.sleep(max(0.0, 5.0 - (time.monotonic() - started)))


@pytest.fixture
async def wechat_api() -> AsyncIterator[OfficialStandIn]:
    stand_in = OfficialStandIn(RealClock(), SECRET)
    async with served(stand_in):
        yield stand_in


class SmallCore:
    """`small_core.py` on a database of its own."""

    def __init__(self, folder: Path, api_url: str) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        values = {
            "ENABLED": "true",
            "APP_ID": APP_ID,
            "APP_SECRET": SECRET,
            "TOKEN": TOKEN,
            "ENCODING_AES_KEY": AES_KEY,
            "API_URL": api_url,
            "FIRST_RETRY_SECONDS": "0.5",
        }
        self.environment = {
            **os.environ,
            **{f"HOTLINE_WECHAT__{name}": value for name, value in values.items()},
            "HOTLINE_DATA__DIRECTORY": str(folder),
            "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parent), str(ROOT)]),
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.folder / "core.log").open("ab") as log:
            command = [sys.executable, str(HERE / "small_core.py"), str(self.port)]
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=log, stderr=log)

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)

    async def ready(self, session: aiohttp.ClientSession) -> None:
        for _ in range(240):
            assert self.process is not None and self.process.poll() is None, (self.folder / "core.log").read_text()
            try:
                async with session.get(f"{self.url}/healthz") as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientError:
                pass  # it does not listen yet
            await asyncio.sleep(0.5)
        raise AssertionError((self.folder / "core.log").read_text())


@pytest.fixture
async def core(tmp_path: Path, wechat_api: OfficialStandIn, _schema: bytes) -> AsyncIterator[SmallCore]:
    (tmp_path / "hotline.db").write_bytes(_schema)
    core = SmallCore(tmp_path, wechat_api.url)
    yield core
    if core.process is not None and core.process.poll() is None:
        core.kill()


async def test_nothing_is_lost_or_told_twice_when_the_core_is_killed(
    core: SmallCore, wechat_api: OfficialStandIn
) -> None:
    told = [Delivered(f"o_citizen_{number:04}") for number in range(CITIZENS)]
    for one in told:
        wechat_api.allows(one.user_id)
    core.start()
    async with aiohttp.ClientSession() as session:
        await core.ready(session)
        await deliver(session, core.url, 1, Delivered("o_first"))  # everything is warm
        deliveries = [
            asyncio.create_task(deliver(session, core.url, 100 + number, one)) for number, one in enumerate(told)
        ]
        for task in asyncio.as_completed(deliveries[: CITIZENS // 3]):
            await task
        core.kill()
        core.start()
        await asyncio.gather(*deliveries)
        await core.ready(session)
        repeated = [Delivered(one.user_id) for one in told]
        await asyncio.gather(*(deliver(session, core.url, 100 + number, one) for number, one in enumerate(repeated)))
        database = Database(f"sqlite+aiosqlite:///{core.folder / 'hotline.db'}")
        for _ in range(200):
            async with database.read() as reading:
                waiting = select(func.count()).select_from(MessengerInbox).where(MessengerInbox.status != "done")
                unsent = select(func.count()).select_from(MessengerOutbox).where(MessengerOutbox.status != "sent")
                open_ones = [(await reading.execute(query)).scalar_one() for query in (waiting, unsent)]
            if open_ones == [0, 0]:
                break
            await asyncio.sleep(0.5)
        assert open_ones == [0, 0], core.folder.joinpath("core.log").read_text()[-3_000:]
        async with database.read() as reading:
            said = (await reading.execute(select(Turn).where(Turn.role == "citizen"))).scalars().all()
        await database.close()
    assert len(said) == CITIZENS + 1 == len({turn.client_message_id for turn in said})
    for one, again in zip(told, repeated, strict=True):
        passive = {reply for reply in (one.reply, again.reply) if reply and reply != "success"}
        custom = wechat_api.texts(one.user_id)
        assert bool(passive) != bool(custom), "told in exactly one way"
        assert len(custom) <= 1
    log = core.folder.joinpath("core.log").read_text()
    assert "o_citizen" not in log and SECRET not in log
    seconds: list[Any] = sorted(second for one in repeated for second in one.seconds)
    print("a repetition is answered in", seconds[len(seconds) // 2], "s (median)")
