"""Settings of the channels that others carry: the channel API, Open311, WeChat and WeCom."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from base.sections.section import Section


class MessagingSettings(Section):
    """What the channels have in common that others carry: WeChat's, and those of the channel API."""

    enabled: bool = False
    timeout_seconds: float = Field(8.0, gt=0, description="of one call of the other side")
    clock_skew_seconds: float = Field(300.0, gt=0, description="what was signed earlier (or later) is refused")
    messages_a_minute: int = Field(20, ge=1, description="of one citizen; more are answered by a request to wait")
    merge_seconds: float = Field(1.5, ge=0, description="so long a seat's words wait for more, to leave as one message")
    machine_label: str = Field("【智能助手】", description="begins every message that a machine wrote")
    seat_label: str = Field("【人工坐席】", description="begins every message that a seat wrote")
    attempts: int = Field(8, ge=1, description="to send a message, where the other side is busy or cannot be reached")
    first_retry_seconds: float = Field(2.0, gt=0, description="doubles with each failure, up to ten minutes")
    keep_days: float = Field(30.0, gt=0, description="how long what was sent and received is remembered by its id")


class ChannelSettings(MessagingSettings):
    """The channel API (docs/channel-api.md): doors that others keep. Which there are: `hotline channel add`."""

    enabled: bool = True
    messages_a_minute: int = Field(30, ge=1, description="of one citizen; more are refused with 429 and not lost")
    merge_seconds: float = Field(0.0, ge=0, description="so long a seat's words wait before they leave")
    attempts: int = Field(16, ge=1, description="then it is a dead letter; 16 take about an hour and three quarters")
    longest_retry_seconds: float = Field(600.0, gt=0)
    parallel: int = Field(8, ge=1, le=64, description="messages under way to one channel, each for another citizen")
    rotation_hours: float = Field(
        24.0, ge=0, description="how long the old secret is taken after `hotline channel rotate`"
    )
    notices: list[Literal["dispatch", "accept", "answer", "close", "reopen"]] = Field(
        ["dispatch", "accept", "answer", "close", "reopen"],
        description="steps of an order that are told to whoever filed it; a longer deadline always is",
    )


class Open311Settings(Section):
    """Open311 GeoReport v2 under /open311/v2 (docs/channel-api.md). Keys: `hotline channel api-key`."""

    enabled: bool = True
    jurisdiction_id: str = Field("", description="empty: the host of web.public_url")
    contact: str = Field("", description="whom developers ask, for the discovery document")


class MessengerSettings(MessagingSettings):
    """What the channels of WeChat have in common."""

    token: str = Field("", description="of the callback, as set in WeChat's console", repr=False)
    encoding_aes_key: str = Field("", description="the same; 43 characters", repr=False)
    api_url: str = ""
    replies_a_message: int = Field(5, ge=0, description="that WeChat lets us send for each message of the citizen")
    replies_within_hours: float = Field(48.0, gt=0)
    message_limit_bytes: int = Field(2_048, ge=256, description="UTF-8; longer answers become several messages")


class WechatNoticeSettings(Section):
    """The template of one kind of notice."""

    template_id: str
    fields: dict[str, str] = Field(
        description="keyword of the template (thing1, time2, …) -> order_no, status, note, unit, deadline or time"
    )


class WechatSettings(MessengerSettings):
    """A WeChat Official Account (docs/wechat.md). Secrets are best set as HOTLINE_WECHAT__TOKEN, …__APP_SECRET."""

    app_id: str = ""
    app_secret: str = Field("", repr=False)
    api_url: str = Field("https://api.weixin.qq.com", pattern=r"^https?://\S+$")
    mode: Literal["encrypted", "compatible", "plain"] = Field(
        "encrypted", description="as set in WeChat's console (安全模式, 兼容模式, 明文模式)"
    )
    account_type: Literal["service", "subscription"] = Field(
        "service", description="服务号 sends notices as template messages, 订阅号 as subscription messages"
    )
    customer_service: bool = Field(
        True, description="whether the account has the customer-service API (客服接口); false: passive replies alone"
    )
    passive_reply_seconds: float = Field(
        4.2, gt=0, lt=5, description="an answer that takes longer goes through the customer-service API"
    )
    replies_an_event: int = Field(3, ge=0, description="after a menu click, a scan or a subscription")
    event_replies_within_seconds: float = Field(60.0, gt=0)
    menu: dict[str, str] = Field(
        default_factory=dict, description="key of a CLICK menu -> what it says for the citizen, e.g. {HUMAN: 转人工}"
    )
    notices: dict[Literal["dispatch", "accept", "answer", "extend", "close"], WechatNoticeSettings] = Field(
        default_factory=dict,
        description="step of an order -> {template_id, fields}; steps that are not named are not told",
    )


class WecomSettings(MessengerSettings):
    """WeCom 微信客服 (docs/wechat.md). Secrets are best set as HOTLINE_WECOM__TOKEN, …__SECRET."""

    corp_id: str = ""
    secret: str = Field("", repr=False)
    api_url: str = Field("https://qyapi.weixin.qq.com", pattern=r"^https?://\S+$")
    hand_over: Literal["desk", "pool", "servicer"] = Field(
        "desk", description="a citizen who wants a person: our seats, WeCom's waiting pool, or one servicer of WeCom"
    )
    catch_up_seconds: float = Field(
        300.0, ge=10, description="from one look for messages whose callback was lost to the next"
    )
    servicer: str = Field("", description="servicer: the userid of whom WeCom hands the session to")
