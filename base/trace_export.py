"""Where recorded traces go: to a collector as OTLP/HTTP with JSON (https://opentelemetry.io/docs/specs/otlp/#otlphttp),
or into a file of the same JSON, one line a batch.
"""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import StatusCode

from base.logs import get_logger
from base.settings import Settings

log = get_logger("base.trace_export")

_SEND_SECONDS: Final = 5.0
_FILE_BYTES: Final = 64 * 1024 * 1024  # then it is set aside


def configure(settings: Settings, process: str) -> TracerProvider | None:
    """Once a process. None where nothing is recorded; else shut the result down at the end: that sends the rest."""
    chosen = settings.tracing
    exporter: SpanExporter
    match chosen.exporter:
        case "none":
            return None
        case "file":
            exporter = FileExporter(settings.var / "traces" / f"{process}.jsonl")
        case "otlp":
            exporter = OtlpExporter(chosen.endpoint.rstrip("/") + "/v1/traces")
    made = provider(chosen.sample_ratio, process)
    made.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(made)
    log.info("traces are recorded", exporter=chosen.exporter, ratio=chosen.sample_ratio)
    return made


def provider(ratio: float, process: str) -> TracerProvider:
    """Whoever gave us a trace may not decide how much we record: the ratio counts for their traces too."""
    by_id = TraceIdRatioBased(ratio)
    sampler = ParentBased(by_id, remote_parent_sampled=by_id, remote_parent_not_sampled=by_id)
    resource = Resource.create({"service.name": f"hotline-{process}", "service.instance.id": f"{os.uname().nodename}"})
    return TracerProvider(sampler=sampler, resource=resource)


def as_otlp(spans: Sequence[ReadableSpan]) -> dict[str, Any]:
    """An `ExportTraceServiceRequest` in OTLP's JSON encoding; all spans are of one process."""
    resource = spans[0].resource.attributes if spans else {}
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": _attributes(resource)},
                "scopeSpans": [{"scope": {"name": "hotline"}, "spans": [_span(made) for made in spans]}],
            }
        ]
    }


def _span(made: ReadableSpan) -> dict[str, Any]:
    context = made.get_span_context()
    assert context is not None
    told: dict[str, Any] = {
        "traceId": format(context.trace_id, "032x"),
        "spanId": format(context.span_id, "016x"),
        "name": made.name,
        "kind": made.kind.value + 1,  # OTLP counts from 1: internal
        "startTimeUnixNano": str(made.start_time or 0),
        "endTimeUnixNano": str(made.end_time or 0),
        "attributes": _attributes(made.attributes or {}),
    }
    if made.parent is not None:
        told["parentSpanId"] = format(made.parent.span_id, "016x")
    if made.status.status_code is StatusCode.ERROR:
        told["status"] = {"code": 2, "message": made.status.description or ""}
    return told


def _attributes(attributes: Any) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in attributes.items()]


def _value(value: Any) -> dict[str, Any]:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case _:
            return {"stringValue": str(value)}


class OtlpExporter(SpanExporter):
    """Sends to a collector; runs in the thread of its processor. What the collector does not take is dropped and told:
    traces are no records."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._failing = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        request = urllib.request.Request(
            self._url, json.dumps(as_otlp(spans)).encode(), {"Content-Type": "application/json"}, method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=_SEND_SECONDS):
                self._tell(failing=False)
        except (OSError, urllib.error.URLError) as error:
            self._tell(failing=True, reason=str(error), spans=len(spans))
            return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS

    def _tell(self, *, failing: bool, **facts: Any) -> None:
        """Once when it begins and once when it ends, not with every batch."""
        if failing != self._failing:
            self._failing = failing
            log.warning("traces are not taken" if failing else "traces are taken again", **facts)


class FileExporter(SpanExporter):
    """One batch a line; a large file is set aside as `….1`, in place of the one before."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if self._path.exists() and self._path.stat().st_size > _FILE_BYTES:
                self._path.replace(self._path.with_suffix(".jsonl.1"))
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(as_otlp(spans), ensure_ascii=False) + "\n")
        except OSError as error:
            log.warning("traces cannot be written", reason=error.strerror)
            return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS
