"""Settings of the seat desk."""

from __future__ import annotations

from pydantic import Field

from base.sections.section import Section


class SeatSettings(Section):
    """The seat desk."""

    session_hours: float = Field(12.0, gt=0)
    heartbeat_seconds: float = Field(20.0, gt=1)
    capacity: int = Field(3, ge=1, description="chats of one seat at once; of calls it is one")
    offer_seconds: float = Field(15.0, gt=1, description="a seat has so long to accept what it is offered")
    offer_pause_seconds: float = Field(60.0, ge=0, description="not offered again to a seat that let it pass")
    wrap_up_seconds: float = Field(20.0, ge=0, description="after a conversation, before the next offer")
    waiting_alarm_seconds: float = Field(60.0, gt=0, description="whoever waits longer is shown in red, with a sound")
    overflow_wait_seconds: float = Field(
        600.0, ge=0, description="an expected wait above this offers a call-back at once; 0: never"
    )
    first_hour: int = Field(0, ge=0, le=23, description="people are at the desk from this hour on")
    last_hour: int = Field(24, ge=1, le=24, description="and until this hour; 0 to 24: round the clock")
    reviews_a_week: int = Field(3, ge=1, le=50, description="conversations of each seat that are drawn for review")
    break_reasons: list[str] = Field(default_factory=lambda: ["小休", "用餐", "培训", "会议"])
    wrap_up_codes: dict[str, str] = Field(
        default_factory=lambda: {
            "consulted": "咨询已答复",
            "filed": "已登记工单",
            "progress": "告知办理进度",
            "lawful": "告知法定渠道",
            "handed_on": "转其他单位",
            "silent": "市民无应答",
            "nuisance": "骚扰或误拨",
            "other": "其他",
        },
        description="what a conversation was, chosen by the seat at its end",
    )
    login_failures: int = Field(5, ge=1, description="failed logins of one account or address before a pause")
    login_pause_minutes: float = Field(5.0, gt=0)
