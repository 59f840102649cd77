"""Around every request: a trace id, limits, the error answer, security headers, metrics. Outermost first."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from urllib.parse import urlsplit

import structlog
from aiohttp import web
from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, Span, SpanKind

from base import tracing
from base.errors import HotlineError
from base.ids import new_trace_id
from base.logs import get_logger
from base.sections.node import WebSettings
from gateway.address import client_address
from gateway.core import core_of
from gateway.errors import HTTP_ERRORS, as_api_error, error_response, too_many

log = get_logger("gateway.http")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
TRACE: web.RequestKey[str] = web.RequestKey("trace", str)
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(self), payment=(), microphone=(self)",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+")
_HOST = re.compile(r"[A-Za-z0-9.:-]+")
_UNLIMITED = (  # the last three count what they refuse
    *("/healthz", "/readyz", "/internal/", "/wechat/", "/wecom/"),
    "/api/v1/channel",
)


def trace_id_of(request: web.Request) -> str:
    return request[TRACE]


def route_name(request: web.Request) -> str:
    """The route's pattern, for metrics: never the path itself, which holds order numbers."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "unknown"


@web.middleware
async def trace(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Take the trace id of a W3C `traceparent` header or make one; it is in each log line and in the answer."""
    given, metrics, route = request.headers.get("traceparent", ""), core_of(request).metrics, route_name(request)
    match = _TRACEPARENT.fullmatch(given)
    trace_id = match.group(1) if match and match.group(1) != "0" * 32 else new_trace_id()
    request[TRACE] = trace_id
    started = time.monotonic()
    status = 500
    under = tracing.under_header(given) or tracing.under_trace(trace_id)
    with structlog.contextvars.bound_contextvars(trace_id=trace_id), _recorded(request, route, under) as span:
        try:
            response = await handler(request)
            status = response.status
        finally:
            span.set_attribute("http.response.status_code", status)
            elapsed = time.monotonic() - started
            method = request.method if request.method in METHODS else "other"  # a client may send any word
            metrics.http_requests.labels(route, method, str(status)).inc()
            if status != 101:
                metrics.http_seconds.labels(route).observe(elapsed)
                log.debug("request", route=route, status=status, milliseconds=round(elapsed * 1000, 1))
    return response


def _recorded(request: web.Request, route: str, under: Context | None) -> AbstractContextManager[Span]:
    """A span for a request of the program's users; sockets, which last for hours, and probes have none."""
    if not route.startswith("/api/") or "upgrade" in request.headers.get("Connection", "").lower():
        return nullcontext(INVALID_SPAN)
    method = request.method if request.method in METHODS else "other"
    return tracing.span(
        f"{method} {route}", kind=SpanKind.SERVER, under=under, **{"http.route": route, "http.request.method": method}
    )


def seat_audio_source(request: web.Request) -> str:
    """Where the workbench may open its audio: at the phone, which listens beside us. Empty: nowhere else."""
    settings = core_of(request).settings
    telephony = settings.telephony
    if telephony.seat_audio_url:
        parts = urlsplit(telephony.seat_audio_url)
        return f"{parts.scheme}://{parts.netloc}"
    name = request.url.host or ""
    if telephony.seat_audio_port is None or _HOST.fullmatch(name) is None:
        return ""
    host = f"[{name}]" if ":" in name else name
    return f"{'ws' if settings.web.tls_certificate is None else 'wss'}://{host}:{telephony.seat_audio_port}"


def framing_sites(settings: WebSettings) -> str:
    """The sites that may show the citizen's page in a frame, as a content security policy names them."""
    return " ".join(origin for origin in settings.allowed_origins if _ORIGIN.fullmatch(origin))


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """A signal handler, so that errors and files carry the headers as well."""
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    if request.path == "/seat":
        response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY.replace(
            "connect-src 'self'", f"connect-src 'self' {seat_audio_source(request)}".rstrip()
        )
    elif request.path == "/" and (sites := framing_sites(core_of(request).settings.web)):
        response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY.replace(
            "frame-ancestors 'none'", f"frame-ancestors 'self' {sites}"
        )
        del response.headers["X-Frame-Options"]  # it cannot name a site
    if TRACE in request:
        response.headers["X-Trace-Id"] = request[TRACE]
    if request.secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if not request.path.startswith("/assets/"):
        response.headers.setdefault("Cache-Control", "no-store")
    response.headers.pop("Server", None)


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Whatever goes wrong is answered in one shape; what we did not foresee is logged with its trace id."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        code, message = HTTP_ERRORS.get(error.status, ("error", "请求没有成功。"))
        kept = {name: value for name, value in error.headers.items() if name in ("Allow", "Retry-After")}
        return error_response(error.status, code, message, kept)
    except HotlineError as error:
        if (known := as_api_error(error)) is not None:
            return error_response(known.status, known.code, known.message, known.headers)
        log.warning("request refused", route=route_name(request), reason=type(error).__name__)
        return error_response(503, "unavailable", "服务暂时不可用，请稍后再试。", {"Retry-After": "5"})
    except (ConnectionResetError, TimeoutError):
        log.info("client went away or timed out", route=route_name(request))
        return error_response(503, "unavailable", "服务暂时不可用，请稍后再试。", {"Retry-After": "5"})
    except Exception as error:
        log.error("request failed", route=route_name(request), exc_info=error)
        return error_response(500, "internal", "系统出了问题，我们已经记录，请稍后再试。")


@web.middleware
async def throttle(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A limit for each address on requests of any kind; probes, the processes beside us and what channels send
    (few addresses for all citizens, and signed) are exempt."""
    if not request.path.startswith(_UNLIMITED):
        core = core_of(request)
        wait = core.limits.requests.take(client_address(request, core.settings.web), core.clock.monotonic())
        if wait > 0:
            raise too_many(wait)
    return await handler(request)
