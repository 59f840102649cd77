"""Voices, pictures, places and links that citizens send."""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import av
import numpy as np
import pytest
from aiohttp.test_utils import TestClient
from gateway_helpers import login
from sqlalchemy import select
from wechat_helpers import ANSWER, Citizen, Node
from wechat_seat import file_order
from wechat_stand_in import OfficialStandIn

from asr_models.recogniser import RecogniserError, Recognition
from base.clock import ManualClock
from gateway.wechat.voice import UnreadableVoice, VoiceReader, decode
from knowledge.points import store
from knowledge.points.coordinates import gcj02_of
from knowledge.points.point import ServicePoint
from knowledge.points.service import PointService
from storage.messenger_tables import MessengerContact, MessengerMedia
from storage.tables import Turn

PICTURE = b"\xff\xd8\xff\xe0" + bytes(200)
OpenNode = Callable[[], Awaitable[Node]]


def amr(seconds: float, hz: float = 440.0) -> bytes:
    """A tone as WeChat's voice messages are encoded: AMR-NB, 8 kHz."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="amr") as container:
        stream = container.add_stream("libopencore_amrnb", rate=8_000, layout="mono")
        samples = (np.sin(np.arange(int(seconds * 8_000)) * 2 * np.pi * hz / 8_000) * 8_000).astype(np.int16)
        for start in range(0, len(samples), 160):
            frame = av.AudioFrame.from_ndarray(samples[None, start : start + 160], format="s16", layout="mono")
            frame.sample_rate, frame.pts = 8_000, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()


@dataclass
class Recogniser:
    """Hears what the test says it hears; keeps the audio."""

    text: str
    heard: list[tuple[bytes, int]] = field(default_factory=list)
    down: bool = False

    async def recognise(self, pcm16: bytes, rate_hz: int, *, deadline_seconds: float | None = None) -> Recognition:
        self.heard.append((pcm16, rate_hz))
        if self.down:
            raise RecogniserError("no worker alive")
        return Recognition(self.text, 0.9, len(pcm16) / 2 / rate_hz, 0.1, "test")


def use(node: Node, recogniser: Recogniser) -> None:
    node.messengers.all[0].dialogue._voices = VoiceReader(lambda: recogniser, node.core.files)


async def turns(node: Node) -> list[Turn]:
    async with node.core.database.read() as session:
        return list((await session.execute(select(Turn).order_by(Turn.id))).scalars())


async def order_no(node: Node) -> str:
    async with node.core.database.read() as session:
        found = (await session.execute(select(MessengerContact))).scalar_one()
    snapshot = await node.conversations.snapshot(found.conversation_id or "")
    return str(snapshot["orders"][-1])


def test_amr_is_decoded() -> None:
    pcm16 = np.frombuffer(decode(amr(1.0)), dtype="<i2")
    assert 15_500 < len(pcm16) < 17_000
    spectrum = np.abs(np.fft.rfft(pcm16[:16_000].astype(float)))
    assert abs(int(spectrum.argmax()) - 440) <= 2


@pytest.mark.parametrize("voice", [b"", b"nonsense" * 100, amr(0.5)[:20], PICTURE])
def test_what_is_no_voice_is_told(voice: bytes) -> None:
    with pytest.raises(UnreadableVoice):
        decode(voice)


async def test_a_voice_is_recognised_by_us(node: Node, citizen: Citizen, wechat: OfficialStandIn) -> None:
    recogniser = Recogniser("居住证丢了怎么补办")
    use(node, recogniser)
    wechat.media["v1"] = ("audio/amr", amr(2.0))
    assert ANSWER in await citizen.sends(citizen.message("voice", MediaId="v1", Format="amr"))
    assert len(recogniser.heard[0][0]) > 60_000 and recogniser.heard[0][1] == 16_000
    said = (await turns(node))[0]
    assert (said.kind, said.text, said.meta["recogniser_confidence"]) == ("speech", "居住证丢了怎么补办", 0.9)


async def test_a_voice_that_wechat_recognised(node: Node, citizen: Citizen, wechat: OfficialStandIn) -> None:
    use(node, Recogniser("unused"))
    voice = citizen.message("voice", MediaId="v1", Format="speex", Recognition="居住证丢了怎么补办")
    wechat.media["v1"] = ("audio/speex", b"Speex   " + bytes(100))
    assert ANSWER in await citizen.sends(voice)
    assert (await turns(node))[0].meta["engine"] == "wechat"


@pytest.mark.parametrize("why", ["down", "noise", "lost"])
async def test_a_voice_that_nobody_understands(node: Node, citizen: Citizen, wechat: OfficialStandIn, why: str) -> None:
    use(node, Recogniser("", down=why == "down"))
    if why != "lost":
        wechat.media["v1"] = ("audio/amr", amr(1.0))
    reply = await citizen.sends(citizen.message("voice", MediaId="v1", Format="amr"))
    assert ("没有收全" if why == "lost" else "没有听清") in reply
    assert "[语音，没有听清]" in [turn.text for turn in await turns(node)], "the seat sees that something was said"


SILK = b"\x02#!SILK_V3" + bytes(range(200))


async def test_a_voice_that_cannot_be_decoded_is_kept_and_the_citizen_is_asked_to_type(
    node: Node, citizen: Citizen, wechat: OfficialStandIn
) -> None:
    recogniser = Recogniser("unused")
    use(node, recogniser)
    wechat.media["v1"] = ("audio/silk", SILK)
    reply = await citizen.sends(citizen.message("voice", MediaId="v1", Format="silk"))
    assert "请您打字告诉我们" in reply and "没有听清" not in reply and not recogniser.heard
    assert "[语音，格式听不了]" in [turn.text for turn in await turns(node)]
    number = await file_order(node, citizen)
    (kept,) = await node.core.attachments.of(number)
    assert (kept["name"], kept["media_type"]) == ("语音.silk", "audio/silk")
    stored = await node.core.attachments.file(number, kept["id"])
    assert node.core.files.read(stored.path) == SILK


async def test_pictures_go_into_the_order(node: Node, citizen: Citizen, wechat: OfficialStandIn) -> None:
    wechat.media |= {"p1": ("image/jpeg", PICTURE), "p2": ("image/jpeg", PICTURE + b"2")}
    reply = await citizen.sends(citizen.message("image", MediaId="p1"))
    assert "会附在您的诉求里" in reply and "我是智能助手" in reply
    number = await file_order(node, citizen)
    shown = await node.core.attachments.of(number)
    assert [(one["name"], one["media_type"], one["size_bytes"]) for one in shown] == [("图片", "image/jpeg", 204)]
    await citizen.says("没有了")
    assert f"已经附到工单{number}" in await citizen.sends(citizen.message("image", MediaId="p2"))
    assert len(await node.core.attachments.of(number)) == 2


async def test_a_picture_in_the_middle_of_the_form(node: Node, citizen: Citizen, wechat: OfficialStandIn) -> None:
    wechat.media["p1"] = ("image/jpeg", PICTURE)
    asked = (await citizen.says("我要投诉楼下的烧烤店噪声扰民")).splitlines()[-1]
    reply = await citizen.sends(citizen.message("image", MediaId="p1"))
    assert "会附在这次的诉求里" in reply and reply.endswith(asked.removeprefix("【智能助手】")), "asked again"


@pytest.mark.parametrize("content", [b"MZ" + bytes(100), bytes(11 * 1024 * 1024), b""])
async def test_files_that_no_order_takes(node: Node, citizen: Citizen, wechat: OfficialStandIn, content: bytes) -> None:
    wechat.media["p1"] = ("image/jpeg", content)
    number = await file_order(node, citizen)
    await citizen.says("没有了")
    reply = await citizen.sends(citizen.message("image", MediaId="p1"))
    assert ("没能附到工单" if content[:2] == b"MZ" else "没有收全") in reply
    assert await node.core.attachments.of(number) == []


async def test_old_media_is_no_part_of_a_new_order(
    node: Node, citizen: Citizen, wechat: OfficialStandIn, clock: ManualClock
) -> None:
    wechat.media["p1"] = ("image/jpeg", PICTURE)
    await citizen.sends(citizen.message("image", MediaId="p1"))
    clock.advance(3 * 3_600)
    assert await node.core.attachments.of(await file_order(node, citizen)) == []
    clock.advance(24 * 3_600)
    await node.messengers.all[0].media.clean_up()
    assert list((node.core.settings.var / "messenger_media").iterdir()) == []
    async with node.core.database.read() as session:
        assert (await session.execute(select(MessengerMedia))).first() is None


async def test_a_place_answers_the_question_for_it(node: Node, citizen: Citizen) -> None:
    place = {"Location_X": "39.976", "Location_Y": "116.339", "Label": "海淀区中关村街道知春路48号"}
    assert "请说说那里是什么情况" in await citizen.sends(citizen.message("location", **place))
    for text in ("我要投诉楼下的烧烤店噪声扰民", "晚上十点以后还在放音乐，吵得睡不着"):
        await citizen.says(text)
    await citizen.sends(citizen.message("location", **place))
    said = [turn for turn in await turns(node) if turn.role == "citizen"]
    assert said[-1].text == place["Label"] and said[-1].meta["location"]["datum"] == "GCJ-02"
    assert said[0].kind == "location"


async def test_a_place_without_a_name_is_guessed_by_what_is_near(node: Node, citizen: Citizen) -> None:
    real = ServicePoint("p9", "学院路派出所", "派出所", "学院路1号", 116.3371, 39.9898, "海淀区", "学院路街道")
    await store.save(node.core.database, [real], now=node.core.clock.now())
    points = node.core._points = PointService(node.core.database)
    await points.start()
    longitude, latitude = gcj02_of(116.3371, 39.9898)  # WeChat's map: half a kilometre away
    sent = citizen.message("location", Location_X=str(latitude), Location_Y=str(longitude))
    assert "看起来在海淀区学院路街道附近" in await citizen.sends(sent)
    await points.close()


async def test_links_and_what_we_do_not_read(node: Node, citizen: Citizen) -> None:
    assert "链接收到了" in await citizen.sends(citizen.message("link", Title="通知", Url="https://example.cn/1"))
    assert "还看不了" in await citizen.sends(citizen.message("sticker"))
    assert [turn.text for turn in await turns(node) if turn.role == "citizen"] == ["[链接] 通知\nhttps://example.cn/1"]


async def test_a_seat_sees_a_picture_and_no_machine_answers(
    node: Node, citizen: Citizen, wechat: OfficialStandIn
) -> None:
    await citizen.says("转人工")
    async with node.core.database.read() as session:
        conversation_id = (await session.execute(select(MessengerContact.conversation_id))).scalar_one() or ""
    await node.conversations.claim(conversation_id, "s1")
    wechat.media["p1"] = ("image/jpeg", PICTURE)
    assert await citizen.sends(citizen.message("image", MediaId="p1")) == ""
    turn = (await node.conversations.transcript(conversation_id))[-1]
    assert turn.text == "[图片]"

    async def connect() -> TestClient[Any, Any]:
        return TestClient(node.client.server)

    path = f"/api/v1/seat/conversations/{conversation_id}/media/{turn.meta['media_id']}"
    other, _ = await login(connect, node.core, "seat2")
    assert (await other.get(path)).status == 403, "it is with somebody else"
    client, seat_id = await login(connect, node.core)
    await node.conversations.pass_on(conversation_id, "s1", seat_id)
    response = await client.get(path)
    assert (response.status, await response.read()) == (200, PICTURE)
    assert response.headers["Content-Type"] == "image/jpeg" and "inline" in response.headers["Content-Disposition"]
    assert (await client.get(path + "X")).status == 404
    assert (await node.client.get(path)).status == 401
    for opened in (client, other):
        await opened.session.close()
