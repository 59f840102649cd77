"""What a page of the desk wants of a call, checked at the boundary (the contract is in `docs/internals.md`)."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Protocol

from pydantic import BaseModel, Field

from seats.store import SeatIdentity

Action = Literal[
    "connect", "disconnect", "mute", "unmute", "hold", "unhold", "invite", "remove", "listen", "whisper", "join",
    "pass_on", "colleagues",
]  # fmt: skip


class AudioCommand(BaseModel):
    """From the seat's page; `leg_id` is the seat's own leg where it is left out, the caller's for hold."""

    conversation_id: Annotated[str, Field(min_length=1, max_length=64)]
    action: Action
    via: Literal["browser", "sip"] = "browser"
    sip_uri: Annotated[str, Field(max_length=200)] = ""
    leg_id: Annotated[str, Field(max_length=64)] = ""
    seat_id: Annotated[str, Field(max_length=64)] = ""


class Page(Protocol):
    """One open workbench page, at this core or at another."""

    seat: SeatIdentity

    async def tell(self, message: dict[str, Any]) -> None: ...
