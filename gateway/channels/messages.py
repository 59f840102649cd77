"""What a channel says that a citizen did, checked, and in the shape that all messengers share."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, model_validator

from gateway.body import clean_text
from gateway.wechat.incoming import Incoming, Kind, identify

_FILES = ("voice", "image", "video", "file")
_KINDS: dict[str, Kind] = {"opened": "greet", "left": "left"}
Printable = Annotated[str, Field(min_length=1, max_length=128)]


class ChannelMessage(BaseModel):
    """`message_id`: the same for each delivery of the same message. `text` of a voice: the channel's own recognition,
    else `media_id` is recognised here; of a place: its address in words."""

    message_id: Printable
    user_id: Printable
    type: Literal["text", "voice", "image", "video", "file", "location", "link", "opened", "left"] = "text"
    text: str = ""
    media_id: Annotated[str, Field(max_length=64)] = ""
    longitude: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)] | None = None
    latitude: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)] | None = None
    datum: Literal["WGS-84", "GCJ-02"] = "WGS-84"

    @model_validator(mode="after")
    def _whole(self) -> Self:
        for value in (self.message_id, self.user_id):
            if clean_text(value) != value:
                raise ValueError("ids are printable")
        if self.type in _FILES and not self.media_id and not (self.type == "voice" and clean_text(self.text)):
            raise ValueError("a file needs its media_id")
        if self.type == "location" and (self.longitude is None or self.latitude is None):
            raise ValueError("a place needs its degrees")
        if self.type in ("text", "link") and not clean_text(self.text):
            raise ValueError("there is no text")
        return self

    def incoming(self, channel: str) -> Incoming:
        return Incoming(
            identify("channel", channel, self.message_id),
            self.user_id,
            _KINDS.get(self.type, self.type),  # type: ignore[arg-type]
            self.text,
            f"{channel}.{self.media_id}" if self.media_id else "",
            longitude=self.longitude,
            latitude=self.latitude,
            datum=self.datum,
        )
