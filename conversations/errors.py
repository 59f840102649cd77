"""What can go wrong with a conversation; each message is for a person."""

from __future__ import annotations

from base.errors import HotlineError


class ConversationError(HotlineError):
    """Root of this room's errors."""


class UnknownConversation(ConversationError):
    """There is no conversation with this id."""

    def __init__(self) -> None:
        super().__init__("没有这个会话，请重新开始。")


class NotYours(ConversationError):
    """A seat acts on a conversation that it does not hold."""

    def __init__(self) -> None:
        super().__init__("这个会话不在您手上，请先接入。")


class Conflict(ConversationError):
    """The conversation was changed by somebody else since it was read; the turn is tried again."""
