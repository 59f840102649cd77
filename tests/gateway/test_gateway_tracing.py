"""One turn through real rooms, as its trace tells it: phone, core, understanding, Rasa, knowledge, database."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from gateway_helpers import Client, Connect, until
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from base import trace_export, tracing
from base.sections.dialogue import RasaSettings
from base.sections.node import DataSettings, TracingSettings
from base.settings import Settings
from bot.entities.place import PlaceMatcher
from bot.understanding import Understanding
from conversations.service import ConversationService
from gateway.core import Core, Part
from gateway.internal import ensure_token
from knowledge.service import KnowledgeService
from telephony.given_turns import GivenTurns
from workorders.model import CategorySuggestion

QUESTION = "我叫王小明，电话13900001234，请问居住证怎么办理"
PRIVATE = ("王小明", "13900001234", "1390000", "居住证", "办理")


class Reader:
    """In place of the trained classifier: Rasa's opinion alone counts."""

    embedding = ""

    def words_probabilities(self, text: str) -> dict[str, float]:
        return {"consult": 0.5, "none": 0.5}

    def join(self, words: Mapping[str, float], meaning: object, *, weight: object) -> tuple[tuple[str, float], ...]:
        return tuple(sorted(words.items(), key=lambda item: -item[1]))


class NoCategory:
    def suggest(self, text: str, limit: int = 3) -> list[CategorySuggestion]:
        return []


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """Everything that is recorded, in this process only for this test."""
    exporter = InMemorySpanExporter()
    provider = trace_export.provider(1.0, "test")
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    yield exporter
    provider.shutdown()


@pytest.fixture
async def rasa() -> AsyncIterator[tuple[int, list[str]]]:
    """The port, and the `traceparent` of each question that was asked there."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.headers.get("traceparent", ""))
        return web.json_response({"intent_ranking": [{"name": "consult", "confidence": 0.97}]})

    app = web.Application()
    app.router.add_post("/model/parse", answer)
    server = TestServer(app)
    await server.start_server()
    assert server.port is not None
    yield server.port, asked
    await server.close()


@pytest.fixture
async def whole(connect: Connect, core: Core, rasa: tuple[int, list[str]]) -> AsyncIterator[Client]:
    settings = core.settings.model_copy(update={"rasa": RasaSettings(port=rasa[0], deadline_seconds=60.0)})
    understanding = Understanding(settings, classifier=Reader())  # type: ignore[arg-type]
    await understanding.start()
    async with asyncio.timeout(60):
        while not understanding.rasa_answers:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    knowledge = KnowledgeService(core.database, settings, clock=core.clock)
    await knowledge.start()
    conversations = ConversationService(
        core.database, settings, understanding=understanding, knowledge=knowledge, catalogue=NoCategory(),
        orders=core.orders, places=PlaceMatcher.load(), clock=core.clock,
    )  # fmt: skip
    core.use(conversations=conversations, knowledge=knowledge)
    for name in ("knowledge", "understanding"):
        core.parts[name] = Part(ok=True)
    await conversations.start()
    yield await connect()
    await conversations.close()
    await knowledge.close()
    await understanding.close()


def tree(spans: list[ReadableSpan]) -> dict[str, set[str]]:
    """Name of each span -> names of its children."""
    names = {span.context.span_id: span.name for span in spans if span.context is not None}
    children: dict[str, set[str]] = {}
    for span in spans:
        parent = names.get(span.parent.span_id, "") if span.parent is not None else ""
        children.setdefault(parent, set()).add(span.name)
    return children


def written(spans: list[ReadableSpan]) -> str:
    return json.dumps(trace_export.as_otlp(spans), ensure_ascii=False)


class Link:
    """The phone's side of the link, to be sent by hand."""

    connected = True

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def turn(self, call_id: str, turn_id: str, kind: str, text: str, **fields: Any) -> None:
        self.sent.append({"type": "turn", "call_id": call_id, "turn_id": turn_id, "kind": kind, "text": text, **fields})


async def test_a_turn_by_phone_is_one_trace_from_the_phone_to_the_database(
    whole: Client, core: Core, spans: InMemorySpanExporter, rasa: tuple[int, list[str]]
) -> None:
    trace_id = tracing.trace_id_of_call("a84b4c76e66710@trunk.example.cn")
    phone = await whole.ws_connect(
        "/internal/phone", headers={"Authorization": f"Bearer {ensure_token(core.settings)}"}
    )
    started = {"type": "call_started", "call_id": "c1", "caller": "13900001234", "leg": "sip", "trace_id": trace_id}
    await phone.send_json({**started, "conversation_id": None})
    await until(phone, "opened")
    link = Link()
    given = GivenTurns(link, "c1", trace_id)  # type: ignore[arg-type]
    turn_id = given.give("speech", QUESTION, now=0.0, spoke_until=None, confidence=0.9, unplayed="", meta={})
    await phone.send_json(link.sent[0])
    await until(phone, "reply")
    assert given.answered(turn_id) is not None
    await phone.close()
    told = [span for span in spans.get_finished_spans() if span.context is not None]
    ours = [span for span in told if format(span.context.trace_id, "032x") == trace_id]
    children = tree(ours)
    assert "phone turn" in children[""] and children["phone turn"] == {"core turn"}
    assert children["core turn"] == {"conversation turn"}
    assert {"understanding", "knowledge search", "store write"} <= children["conversation turn"]
    assert "rasa" in children["understanding"] and "store read" in children["knowledge search"]
    rasas = {format(span.context.span_id, "016x") for span in ours if span.name == "rasa"}
    assert {header.split("-")[2] for header in rasa[1] if header.split("-")[1:2] == [trace_id]} == rasas
    text = written(told)
    assert not any(private in text for private in PRIVATE)
    assert not any("traceparent" in json.dumps(turn.meta) for turn in await core.conversations.transcript(_id(ours)))


def _id(spans: list[ReadableSpan]) -> str:
    return next(str((span.attributes or {})["conversation_id"]) for span in spans if span.name == "conversation turn")


async def test_a_chat_goes_on_in_the_trace_of_the_caller(whole: Client, spans: InMemorySpanExporter) -> None:
    given = "4bf92f3577b34da6a3ce929d0e0e4736"
    answer = await whole.post(
        "/api/v1/chat", json={"conversation_id": None, "text": QUESTION, "channel": "api"},
        headers={"traceparent": f"00-{given}-00f067aa0ba902b7-00"},
    )  # fmt: skip
    assert answer.status == 200 and answer.headers["X-Trace-Id"] == given
    told = list(spans.get_finished_spans())
    assert {format(span.context.trace_id, "032x") for span in told if span.context} == {given}
    children = tree(told)
    assert children[""] == {"POST /api/v1/chat"} and "conversation turn" in children["POST /api/v1/chat"]
    assert not any(private in written(told) for private in PRIVATE)
    spans.clear()
    for path in ("/healthz", "/metrics", "/readyz"):
        await whole.get(path)
    assert not spans.get_finished_spans(), "probes and background work make no traces"


async def test_what_an_error_says_is_not_told(spans: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError), tracing.span("outer"):
        raise ValueError("13900001234")
    (told,) = spans.get_finished_spans()
    assert told.status.status_code is StatusCode.ERROR and told.status.description == "ValueError"
    assert not told.events and "1390000" not in written([told])


def test_how_much_is_kept_follows_from_the_id_alone() -> None:
    def kept(provider: TracerProvider) -> list[bool]:
        tracer = provider.get_tracer("test")
        ids = [tracing.trace_id_of_call(f"call {number}") for number in range(400)]
        return [tracer.start_span("x", tracing.under_trace(trace_id)).is_recording() for trace_id in ids]

    first, second = kept(trace_export.provider(0.25, "phone")), kept(trace_export.provider(0.25, "core"))
    assert first == second and 60 < sum(first) < 140
    assert not any(kept(trace_export.provider(0.0, "phone")))
    for nonsense in ("", "0" * 32, "xyz", None, "f" * 40):
        assert tracing.under_trace(nonsense) is None
    assert tracing.under_header("00-xyz") is None and tracing.under_header(None) is None


def test_without_an_exporter_nothing_is_recorded_and_nothing_is_sent(tmp_path: Path) -> None:
    assert trace_export.configure(Settings(data=DataSettings(directory=tmp_path)), "core") is None
    with tracing.span("nothing") as made, tracing.part("nothing either"):
        assert not made.is_recording() and tracing.header() == "" and tracing.headers() == {}


def recorded(provider: TracerProvider, exporter: InMemorySpanExporter) -> list[ReadableSpan]:
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with provider.get_tracer("test").start_as_current_span(
        "turn", attributes={"channel": "web", "n": 3, "spoken": True}
    ):
        pass
    return list(exporter.get_finished_spans())


def test_a_collector_gets_otlp_and_its_absence_harms_nobody() -> None:
    bodies: list[dict[str, Any]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces" and self.headers["Content-Type"] == "application/json"
            bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_arguments: object) -> None: ...

    spans = recorded(trace_export.provider(1.0, "core"), InMemorySpanExporter())
    server = HTTPServer(("127.0.0.1", 0), Collector)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/v1/traces"
        assert trace_export.OtlpExporter(url).export(spans) is SpanExportResult.SUCCESS
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    (group,) = bodies[0]["resourceSpans"]
    assert {"key": "service.name", "value": {"stringValue": "hotline-core"}} in group["resource"]["attributes"]
    (span,) = group["scopeSpans"][0]["spans"]
    assert span["name"] == "turn" and span["kind"] == 1 and len(span["traceId"]) == 32 and len(span["spanId"]) == 16
    assert int(span["endTimeUnixNano"]) >= int(span["startTimeUnixNano"]) > 10**18
    values = {attribute["key"]: attribute["value"] for attribute in span["attributes"]}
    assert values == {"channel": {"stringValue": "web"}, "n": {"intValue": "3"}, "spoken": {"boolValue": True}}
    assert trace_export.OtlpExporter(url).export(spans) is SpanExportResult.FAILURE


def test_the_file_has_a_batch_a_line(tmp_path: Path) -> None:
    settings = Settings(data=DataSettings(directory=tmp_path), tracing=TracingSettings(exporter="file"))
    exporter = trace_export.FileExporter(settings.var / "traces" / "core.jsonl")
    spans = recorded(trace_export.provider(1.0, "core"), InMemorySpanExporter())
    assert [exporter.export(spans) for _ in range(2)] == [SpanExportResult.SUCCESS] * 2
    lines = (tmp_path / "traces" / "core.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["name"] for line in lines] == ["turn"] * 2
