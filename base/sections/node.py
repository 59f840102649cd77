"""Settings of a node: who it is, where its data lies, its web server, its database, and its fellow nodes."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from base.sections.section import Section


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
    dispatcher_set: int = Field(1, ge=0, description="the number of the list of all nodes")
    dispatcher_free_set: int = Field(2, ge=0, description="the number of the list of nodes that serve a caller at once")


class RetentionSettings(Section):
    """When words, names and numbers in the database are erased by age (docs/security.md); recordings have their own."""

    orders_days: int = Field(0, ge=0, description="after a closed order last changed; 0: never. Open orders are kept")
    conversations_days: int = Field(
        0, ge=0, description="after its end, unless an order filed in it is kept or a call-back is due; 0: never"
    )
