"""The web application: every route in one place."""

from __future__ import annotations

from aiohttp import web

from gateway import (
    account_api,
    attachments_api,
    breaches_api,
    calling_api,
    catalogue_api,
    chat,
    chat_enclosures,
    chat_socket,
    chat_speech,
    chat_voice,
    correction_api,
    dispatch_api,
    health,
    imports_admin_api,
    internal,
    knowledge_admin_api,
    knowledge_api,
    knowledge_public_api,
    macros_api,
    messenger_media_api,
    messengers,
    mining_admin_api,
    openapi,
    order_visits_api,
    orders_api,
    pages,
    phone_link,
    places_api,
    points_api,
    recordings_api,
    repeats_api,
    reports_api,
    review_api,
    review_sheets_api,
    seat_api,
    seat_audio,
    seat_auth,
    seat_socket,
    seat_tools_api,
    sockets,
    statistics_admin_api,
    supplements_api,
    topics_admin_api,
    unit_api,
    visits_api,
    wallboard_socket,
)
from gateway.core import CORE, Core
from gateway.desk import DESK, Desk
from gateway.draining import refuse_when_draining
from gateway.middleware import add_headers, errors, throttle, trace
from gateway.oidc import api as oidc_api


def build_app(core: Core) -> web.Application:
    """The application around a core; the core may still be loading, its parts answer 503 until they are there."""
    app = web.Application(
        middlewares=[trace, errors, refuse_when_draining, throttle],
        client_max_size=core.settings.web.request_limit_bytes,
    )
    app[CORE] = core
    app[internal.INTERNAL_TOKEN] = internal.ensure_token(core.settings)
    app[DESK] = Desk(core)
    audio = app[seat_audio.SEAT_AUDIO] = seat_audio.SeatAudio(core)
    core.outgoing.tell_seat = audio.tell_seat
    app[sockets.OPEN_SOCKETS] = sockets.OpenSockets()
    for room in (
        health,
        pages,
        chat,
        chat_voice,
        chat_enclosures,
        chat_speech,
        chat_socket,
        messengers,
        messenger_media_api,
        knowledge_admin_api,
        knowledge_api,
        knowledge_public_api,
        mining_admin_api,
        statistics_admin_api,
        imports_admin_api,
        places_api,
        points_api,
        breaches_api,
        calling_api,
        catalogue_api,
        orders_api,
        supplements_api,
        openapi,
        internal,
        phone_link,
        seat_auth,
        account_api,
        oidc_api,
        seat_socket,
        seat_api,
        seat_tools_api,
        recordings_api,
        topics_admin_api,
        unit_api,
        review_api,
        dispatch_api,
        correction_api,
        repeats_api,
        visits_api,
        order_visits_api,
        attachments_api,
        reports_api,
        review_sheets_api,
        macros_api,
        wallboard_socket,
    ):
        room.add_routes(app)
    app.on_response_prepare.append(add_headers)
    app.on_shutdown.append(sockets.close_all)
    return app
