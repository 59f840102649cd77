"""Whose requests are taken: signed, fresh, each once; and what of a secret lies where."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
from channel_helpers import MEDIA, MESSAGES, Keeper, keeper
from messenger_node import Node
from sqlalchemy import select

from base.clock import ManualClock
from base.settings import Settings
from gateway.channels import registry
from gateway.channels.cli import command
from gateway.channels.registry import ChannelError
from storage.channel_tables import ChannelNonce
from storage.messenger_tables import MessengerInbox

BODY = {"message_id": "m-1", "user_id": "citizen-1", "text": "在吗"}


async def stored(node: Node) -> int:
    async with node.core.database.read() as session:
        return len((await session.execute(select(MessengerInbox.id))).all())


async def test_a_good_signature_tells_the_channel_its_name(portal: Keeper) -> None:
    response = await portal.get("/api/v1/channel")
    assert await response.json() == {"name": "people_cn", "title": "微博", "delivery": "polling"}


@pytest.mark.parametrize(
    "changes",
    [
        {"X-Hotline-Signature": "0" * 64},
        {"X-Hotline-Signature": ""},
        {"X-Hotline-Channel": "weibo"},
        {"X-Hotline-Channel": "nobody"},
        {"X-Hotline-Nonce": "another-nonce"},
        {"nonce": "short"},
        {"nonce": "with a space"},
        {"timestamp": "soon"},
        {"timestamp": ""},
    ],
)
async def test_whatever_is_wrong_is_answered_in_one_way(node: Node, portal: Keeper, changes: dict[str, str]) -> None:
    response = await portal.post(MESSAGES, BODY, **changes)
    assert response.status == 401 and "签名无效或已过期" in await response.text()
    assert await stored(node) == 0


async def test_a_signature_is_for_one_body_one_path_and_one_method(node: Node, portal: Keeper) -> None:
    other = portal.headers("POST", MESSAGES, b"{}")
    assert (await node.client.post(MESSAGES, data=b'{"a": 1}', headers=other)).status == 401
    other = portal.headers("POST", MESSAGES, b"{}")
    assert (await node.client.post(f"{MESSAGES}/acknowledge", data=b"{}", headers=other)).status == 401
    other = portal.headers("POST", MESSAGES, b"")
    assert (await node.client.get(MESSAGES, headers=other)).status == 401


@pytest.mark.parametrize(("late_seconds", "status"), [(-299, 202), (299, 202), (-301, 401), (301, 401)])
async def test_the_clock_may_differ_by_five_minutes(
    portal: Keeper, clock: ManualClock, late_seconds: int, status: int
) -> None:
    timestamp = str(int(clock.now().timestamp()) + late_seconds)
    assert (await portal.post(MESSAGES, BODY, timestamp=timestamp)).status == status
    await portal.node.settled()


async def test_a_request_is_taken_once_and_its_nonce_is_kept_as_long_as_it_would_be_good(
    node: Node, portal: Keeper, clock: ManualClock
) -> None:
    channels = node.messengers.channels
    assert channels is not None
    skew_seconds = node.core.settings.channels.clock_skew_seconds
    early = str(int(clock.now().timestamp() + skew_seconds - 1))  # as a fast clock signs
    for status in (202, 409, 409):
        assert (await portal.post(MESSAGES, BODY, nonce="nonce-once", timestamp=early)).status == status
        clock.advance(skew_seconds - 50)
        await channels.courier.clean_up()
    assert (await portal.post(MESSAGES, BODY, nonce="nonce-once", timestamp=early)).status == 401
    clock.advance(2 * skew_seconds)
    await channels.courier.clean_up()
    async with node.core.database.read() as session:
        assert (await session.execute(select(ChannelNonce))).first() is None
    await node.settled()


async def test_a_channel_that_is_closed_is_a_stranger(node: Node, portal: Keeper, clock: ManualClock) -> None:
    await registry.change(node.core.database, "people_cn", enabled=False)
    assert (await portal.get("/api/v1/channel")).status == 401
    await registry.change(node.core.database, "people_cn", enabled=True)
    clock.advance(5)
    assert (await portal.get("/api/v1/channel")).status == 200


async def test_an_old_secret_is_good_for_a_while(node: Node, portal: Keeper, clock: ManualClock) -> None:
    new = await registry.rotate(node.core.database, "people_cn", old_lasts=timedelta(hours=1), now=clock.now())
    clock.advance(5)
    assert (await portal.get("/api/v1/channel")).status == 200
    clock.advance(3_600)
    assert (await portal.get("/api/v1/channel")).status == 401
    portal.secret = new
    assert (await portal.get("/api/v1/channel")).status == 200


async def test_a_strangers_file_is_not_read_and_a_changed_one_not_kept(node: Node, portal: Keeper) -> None:
    assert (await portal.uploads(b"picture", digest=hashlib.sha256(b"another").hexdigest())).status == 400
    assert (await portal.uploads(b"")).status == 400
    assert (await portal.uploads(b"picture", digest="A" * 64)).status == 401
    big = b"x" * (node.core.settings.attachments.limit_bytes + 1)
    assert (await portal.uploads(big)).status == 413
    headers = portal.headers("POST", MEDIA, hashlib.sha256(b"picture").hexdigest().encode())
    assert (await node.client.post(MEDIA, data=b"picture", headers=headers)).status == 401, "the digest is not there"
    assert list((node.core.settings.var / "messenger_media").rglob("*.up_*")) == []


async def test_whoever_guesses_is_slowed_down(node: Node, portal: Keeper) -> None:
    statuses = set()
    for _ in range(node.core.settings.web.requests_a_minute + 1):
        statuses.add((await node.client.get("/api/v1/channel")).status)
    assert statuses == {401, 429}
    assert (await portal.get("/api/v1/channel")).status == 200, "whoever has the key is not"


async def test_a_name_is_no_channel_of_our_own_and_stands_once(node: Node, portal: Keeper, clock: ManualClock) -> None:
    for name in ("web", "phone", "Weibo", "a", "x" * 17, "people_cn", "ab-c"):
        with pytest.raises(ChannelError):
            await keeper(node, clock, name)
    for url in ("ftp://example.cn", "https://me:secret@example.cn", "//example.cn", "https://"):
        with pytest.raises(ChannelError):
            await keeper(node, clock, "other", url=url)


def read_all(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.glob("hotline.db*")]


async def test_a_secret_is_shown_once_and_lies_sealed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOTLINE_DATA__DIRECTORY", str(settings.var))
    monkeypatch.setattr("base.settings.load", lambda: settings)

    async def run(*words: str) -> str:
        assert await asyncio.to_thread(command, list(words)) == 0
        return capsys.readouterr().out

    told = await run("add", "toutiao", "--title", "今日头条", "--url", "https://adapter.example.cn/hotline")
    secret = told.partition("secret is ")[2].split()[0]
    assert len(secret) == 64
    assert "toutiao\topen\t今日头条\t600/min\thttps://adapter.example.cn/hotline" in await run("list")
    rotated = (await run("rotate", "toutiao")).partition("secret is ")[2].split()[0]
    await run("address", "toutiao", "")
    await run("disable", "toutiao")
    shown = await run("list")
    assert "toutiao\tclosed" in shown and "fetches" in shown and secret not in shown
    assert "0 dead letters" in await run("dead-letters", "list")
    kept = b"".join(await asyncio.to_thread(read_all, settings.var))
    assert b"toutiao" in kept and secret.encode() not in kept and rotated.encode() not in kept
