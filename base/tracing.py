"""Traces: what one turn waited for, from the phone over the core to Rasa, the knowledge and the database.

`base.trace_export` decides what becomes of them; where a process has not called it, nothing is recorded, and every
function here costs next to nothing.

Attributes hold kinds, counts and outcomes, never what somebody said, a number or a name; what an exception says is left
out too, only its type is told. Whether a trace is kept follows from its id alone, so all processes agree without asking
each other; a call's trace id follows from its SIP Call-ID (`trace_id_of_call`), so the dispatcher before us can name
the same trace in its log.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, ParamSpec, TypeVar

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

P = ParamSpec("P")
T = TypeVar("T")
Attribute = str | int | float | bool
_HEADER: Final = "traceparent"
_PROPAGATOR: Final = TraceContextTextMapPropagator()


# --- spans ----------------------------------------------------------------------------------------------------------


@contextmanager
def span(
    name: str, *, kind: SpanKind = SpanKind.INTERNAL, under: Context | None = None, **attributes: Attribute
) -> Iterator[Span]:
    """Time spent in the block; a child of the present span, or of `under`."""
    with _open(name, kind, under, attributes) as made:
        yield made


@contextmanager
def part(name: str, *, kind: SpanKind = SpanKind.INTERNAL, **attributes: Attribute) -> Iterator[Span]:
    """The same, but only as part of something that is recorded: background work makes no traces of its own."""
    present = trace.get_current_span()
    if not present.is_recording():
        yield present
        return
    with _open(name, kind, None, attributes) as made:
        yield made


@contextmanager
def _open(name: str, kind: SpanKind, under: Context | None, attributes: Mapping[str, Attribute]) -> Iterator[Span]:
    with trace.get_tracer("hotline").start_as_current_span(
        name, under, kind=kind, attributes=attributes, record_exception=False, set_status_on_exception=False
    ) as made:
        try:
            yield made
        except Exception as error:
            made.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise


def traced(name: str) -> Callable[[Callable[P, Coroutine[Any, Any, T]]], Callable[P, Coroutine[Any, Any, T]]]:
    """`part` around a whole coroutine function."""

    def wrap(work: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
        @functools.wraps(work)
        async def inside(*arguments: P.args, **named: P.kwargs) -> T:
            with part(name):
                return await work(*arguments, **named)

        return inside

    return wrap


def begin(name: str, under: Context | None, **attributes: Attribute) -> Span:
    """A span whose end is somewhere else: call its `end`."""
    return trace.get_tracer("hotline").start_span(name, under, attributes=attributes, record_exception=False)


# --- from process to process ----------------------------------------------------------------------------------------


def trace_id_of_call(sip_call_id: str) -> str:
    """In Kamailio: `$(ci{s.sha256}{s.substr,0,32})`."""
    return hashlib.sha256(sip_call_id.encode()).hexdigest()[:32]


def under_trace(trace_id: str | None) -> Context | None:
    """The context in which spans belong to this trace; None where it is no trace id. Its root is nowhere recorded."""
    try:
        number = int(trace_id or "", 16)
    except ValueError:
        return None
    if not 0 < number < 1 << 128:
        return None
    parent = SpanContext(
        number, number & (1 << 64) - 1 or 1, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED)
    )
    return trace.set_span_in_context(NonRecordingSpan(parent), Context())


def under_header(header: str | None) -> Context | None:
    """Of a W3C `traceparent` header; None where there is none, or nonsense."""
    context = _PROPAGATOR.extract({_HEADER: header or ""}, Context())
    return context if trace.get_current_span(context).get_span_context().is_valid else None


def header(of: Span | None = None) -> str:
    """`traceparent` for whoever is asked next; empty where nothing is recorded."""
    chosen = of or trace.get_current_span()
    if not chosen.is_recording():
        return ""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier, trace.set_span_in_context(chosen))
    return carrier.get(_HEADER, "")


def headers() -> dict[str, str]:
    """For an HTTP request."""
    value = header()
    return {_HEADER: value} if value else {}


def present_trace_id() -> str | None:
    """Of the present span, recorded or not; None where there is none."""
    context = trace.get_current_span().get_span_context()
    return format(context.trace_id, "032x") if context.is_valid else None
