"""What a page of the desk sends, checked at the boundary (the contract is in `docs/internals.md`)."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, Field

from gateway.chat import MessageId
from seats.cases import TAG_CHARACTERS, TAGS

_DRAFT_CHARACTERS: Final = 4_000
_FORM_FIELDS: Final = 40
_SNOOZE_MINUTES: Final = 24 * 60.0

ConversationId = Annotated[str, Field(min_length=1, max_length=64)]


class About(BaseModel):
    conversation_id: ConversationId


class Say(About):
    text: str
    client_message_id: MessageId | None = None


class Finish(About):
    disposition: Annotated[str, Field(max_length=32)]
    note: Annotated[str, Field(max_length=2_000)] = ""
    code: Annotated[str, Field(max_length=32)] = ""  # of `seats.wrap_up_codes`


class Draft(About):
    text: Annotated[str, Field(max_length=_DRAFT_CHARACTERS)]


class Form(About):
    """The fields of the order that the seat has touched."""

    fields: dict[Annotated[str, Field(max_length=32)], Annotated[str, Field(max_length=_DRAFT_CHARACTERS)] | bool] = (
        Field(max_length=_FORM_FIELDS)
    )


class Tags(About):
    tags: Annotated[list[Annotated[str, Field(max_length=TAG_CHARACTERS)]], Field(max_length=TAGS)]


class Snooze(About):
    minutes: Annotated[float, Field(ge=0, le=_SNOOZE_MINUTES)]


class Presence(BaseModel):
    state: Literal["available", "wrap_up", "break"]
    reason: Annotated[str, Field(max_length=40)] = ""
