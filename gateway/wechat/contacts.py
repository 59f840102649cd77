"""Citizens in WeChat and their conversations: rows in and out, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from base.ids import new_id
from gateway.wechat.account import Recipient
from gateway.wechat.allowance import Allowance
from storage.messenger_tables import MessengerContact, MessengerConversation


async def known(session: AsyncSession, channel: str, to: Recipient, now: datetime) -> MessengerContact:
    """The citizen's row, locked; made where there is none."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    values = {
        "id": new_id("wx_"),
        "channel": channel,
        "account": to.account,
        "user_key": to.user_id,
        "user_id": to.user_id,
        "reachable": True,
        "elsewhere": False,
        "scene": "",
        "allowance_left": 0,
        "created_at": now,
        "updated_at": now,
    }
    await session.execute(insert(MessengerContact).values(**values).on_conflict_do_nothing())
    query = select(MessengerContact).where(
        MessengerContact.channel == channel,
        MessengerContact.account == to.account,
        MessengerContact.user_key == to.user_id,
    )
    return (await session.execute(query.with_for_update())).scalar_one()


async def locked(session: AsyncSession, contact_id: str) -> MessengerContact:
    return await session.get_one(MessengerContact, contact_id, with_for_update=True)


async def link(session: AsyncSession, contact: MessengerContact, conversation_id: str) -> None:
    """The conversation is this citizen's, and the one that goes on."""
    if await session.get(MessengerConversation, conversation_id) is None:
        session.add(MessengerConversation(conversation_id=conversation_id, contact_id=contact.id, told_seq=0))
    contact.conversation_id = conversation_id


def allowance(contact: MessengerContact) -> Allowance:
    return Allowance(contact.allowance_left, contact.allowance_until)


def set_allowance(contact: MessengerContact, value: Allowance) -> None:
    contact.allowance_left, contact.allowance_until = value.left, value.until


def recipient(contact: MessengerContact) -> Recipient:
    return Recipient(contact.account, contact.user_id)


async def of_conversations(session: AsyncSession, conversation_ids: Sequence[str]) -> dict[str, MessengerContact]:
    """Conversation -> whose it is, for those that WeChat carries."""
    query = (
        select(MessengerConversation.conversation_id, MessengerContact)
        .join(MessengerContact, MessengerContact.id == MessengerConversation.contact_id)
        .where(MessengerConversation.conversation_id.in_(conversation_ids))
    )
    rows = (await session.execute(query)).all()
    return {row[0]: row[1] for row in rows}
