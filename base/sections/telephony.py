"""Settings of the phone: SIP, transfers, links to PBXs, how many calls are served, recordings."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from base.sections.section import Section


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
    jitter_buffer_ms: tuple[int, int] = Field(
        (20, 100), description="callers' audio is held back so long: the least on an even line, the most on a bad one"
    )
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
    refused_callbacks_a_minute: int = Field(
        60, ge=0, description="refused callers who are called back, where no other node takes the call; 0: none"
    )
    waiting_room_notice: str = Field("", description="said to everybody who waits, e.g. what a disruption is about")


class RecordingSettings(Section):
    """How long the recordings of calls are kept (telephony.record_calls switches recording off)."""

    retention_days: int = Field(180, ge=0, description="0: recordings are not deleted for their age")
    limit_bytes: int = Field(0, ge=0, description="of all recordings; beyond it the oldest go first; 0: no limit")
    keep_free_bytes: int = Field(
        1_000_000_000, ge=0, description="calls are not recorded while less is free on the disk"
    )
