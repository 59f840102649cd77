"""The access token: one for all nodes, renewed in time, and messages that wait while there is none."""

from __future__ import annotations

import asyncio

import pytest
from wechat_helpers import Citizen, Node
from wechat_seat import SEND, OpenNode, contact, types, with_seat
from wechat_stand_in import OfficialStandIn

from base.clock import ManualClock


async def test_without_a_token_messages_wait(
    node: Node, citizen: Citizen, clock: ManualClock, wechat: OfficialStandIn
) -> None:
    """As while an operator corrects a secret."""
    conversation_id = await with_seat(node, citizen, clock, wechat)
    left = (await contact(node)).allowance_left
    clock.advance(7_200)
    wechat.fails("/cgi-bin/stable_token", *[40164] * 12)
    await node.conversations.seat_message(conversation_id, "s1", "您好")
    for _ in range(40):
        clock.advance(600)
        if await node.send():
            break
    assert wechat.texts()[-1] == "【人工坐席】您好" and (await contact(node)).allowance_left == left - 1


@pytest.mark.parametrize("lost", ["forgotten", "over"])
async def test_a_token_that_ends_in_mid_flight(
    node: Node, citizen: Citizen, clock: ManualClock, wechat: OfficialStandIn, lost: str
) -> None:
    conversation_id = await with_seat(node, citizen, clock, wechat)
    assert wechat.fetched == 1
    if lost == "forgotten":
        wechat.expire_tokens()
    else:
        for token in wechat.tokens:
            wechat.tokens[token] = clock.now()
    assert await types(node, clock, conversation_id, "您好") == 1
    assert wechat.texts()[-1] == "【人工坐席】您好" and wechat.fetched == 2


async def test_a_token_that_is_refused_though_it_is_the_newest(
    node: Node, citizen: Citizen, clock: ManualClock, wechat: OfficialStandIn
) -> None:
    conversation_id = await with_seat(node, citizen, clock, wechat)
    wechat.fails(SEND, 40001)
    assert await types(node, clock, conversation_id, "您好") == 1
    assert (wechat.fetched, wechat.forced) == (3, 1)


async def test_one_token_for_all_nodes(
    node: Node, open_another: OpenNode, clock: ManualClock, wechat: OfficialStandIn
) -> None:
    other = await open_another()
    wechat.fetch_delay_seconds = 0.05
    tokens = [n.messengers.all[0].account._api._token for n in (node, other)]  # type: ignore[attr-defined]
    got = await asyncio.gather(*(token.get() for token in tokens for _ in range(20)))
    assert len(set(got)) == 1 and wechat.fetched == 1
    clock.advance(7_200 - 301)
    assert await tokens[0].get() == got[0] and wechat.fetched == 1
    clock.advance(2)
    early = await asyncio.gather(*(token.get() for token in tokens for _ in range(20)))
    assert wechat.fetched == 2 and set(early) <= {*got, *wechat.tokens}
    assert await tokens[1].get() in set(wechat.tokens) - set(got)


async def test_without_a_new_token_the_old_one_serves_while_it_lasts(
    node: Node, clock: ManualClock, wechat: OfficialStandIn
) -> None:
    token = node.messengers.all[0].account._api._token  # type: ignore[attr-defined]
    first = await token.get()
    clock.advance(7_000)
    wechat.fails("/cgi-bin/stable_token", -1, 45009)
    assert await token.get() == first
    assert await token.get() == first
    assert await token.get() != first


async def test_the_token_is_not_readable_in_the_database(node: Node) -> None:
    token = await node.messengers.all[0].account._api._token.get()  # type: ignore[attr-defined]
    async with node.core.database.engine.connect() as connection:
        stored = (await connection.exec_driver_sql("SELECT token FROM messenger_tokens")).scalar_one()
    assert token not in stored
