"""Prometheus metrics. Labels are from small closed sets: never a number, a name or a word that somebody said."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from conversations.messages import ConversationEvent
from workorders.outbox.store import Backlog

_REPLY_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3.0, 6.0, 12.0)
_HTTP_BUCKETS = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_REMEMBERED = 20_000


class Metrics:
    """One registry a core process, so that tests can have many."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.http_requests = Counter(
            "hotline_http_requests", "HTTP requests", ["route", "method", "status"], registry=self.registry
        )
        self.http_seconds = Histogram(
            "hotline_http_seconds", "HTTP request time", ["route"], buckets=_HTTP_BUCKETS, registry=self.registry
        )
        self.turns = Counter(
            "hotline_turns", "Turns of citizens, by channel and what understood them", ["channel", "source"],
            registry=self.registry,
        )  # fmt: skip
        self.reply_seconds = Histogram(
            "hotline_reply_seconds", "From a citizen's turn to its reply, in the core", ["channel"],
            buckets=_REPLY_BUCKETS, registry=self.registry,
        )  # fmt: skip
        self.turn_failures = Counter(
            "hotline_turn_failures", "Turns that ended in an apology", ["channel"], registry=self.registry
        )
        self.web_voices = Counter(
            "hotline_web_voices", "Spoken messages of the chat page, by what was made of them", ["result"],
            registry=self.registry,
        )  # fmt: skip
        self.outcomes = Counter("hotline_outcomes", "Contacts ended, by outcome", ["outcome"], registry=self.registry)
        self.ratings = Counter(
            "hotline_ratings", "How satisfied callers said they were", ["rating"], registry=self.registry
        )
        self.calls = Counter("hotline_calls", "Calls, by how they went", ["event"], registry=self.registry)
        self.calls_now = Gauge("hotline_calls_now", "Calls on the phone link now", registry=self.registry)
        self.outgoing = Counter(
            "hotline_outgoing_calls", "Calls to citizens, by what came of them", ["purpose", "by", "result"],
            registry=self.registry,
        )  # fmt: skip
        self.phone_links = Gauge("hotline_phone_links", "Phone processes connected", registry=self.registry)
        self.sockets = Gauge("hotline_sockets", "Open web sockets", ["kind"], registry=self.registry)
        self.queue_length = Gauge("hotline_queue_length", "Citizens waiting for a seat", registry=self.registry)
        self.queue_oldest_seconds = Gauge(
            "hotline_queue_oldest_seconds", "How long the first in the queue has waited", registry=self.registry
        )
        self.seats_present = Gauge("hotline_seats_present", "Seats at their desk", registry=self.registry)
        self.contacts = Gauge(
            "hotline_contacts_open", "Contacts without an outcome", ["channel", "status"], registry=self.registry
        )
        self.swept = Counter("hotline_swept", "Contacts the sweeper gave an outcome", registry=self.registry)
        self.outbox_attempts = Counter(
            "hotline_outbox_attempts", "Messages tried, by target and what came of it", ["target", "verdict"],
            registry=self.registry,
        )  # fmt: skip
        self.outbox_messages = Gauge(
            "hotline_outbox_messages", "Messages that are not delivered", ["target", "status"], registry=self.registry
        )
        self.outbox_oldest_seconds = Gauge(
            "hotline_outbox_oldest_seconds", "How long the first of them has waited", ["target"],
            registry=self.registry,
        )  # fmt: skip
        self.messenger_calls = Counter(
            "hotline_messenger_callbacks", "Callbacks of WeChat, by what was made of them", ["channel", "result"],
            registry=self.registry,
        )  # fmt: skip
        self.messenger_told = Counter(
            "hotline_messenger_messages", "Messages to citizens in WeChat, by what came of them", ["channel", "result"],
            registry=self.registry,
        )  # fmt: skip
        self.rephrasings = Counter(
            "hotline_rephrasings", "Clauses to be put plainly by the language model, by what came of it", ["result"],
            registry=self.registry,
        )  # fmt: skip
        self.parts = Gauge("hotline_part_ok", "1: this part is ready", ["part"], registry=self.registry)
        self.emergencies_waiting = Gauge(
            "hotline_emergencies_waiting", "Contacts with danger that no seat has taken", registry=self.registry
        )
        self.emergency_oldest_seconds = Gauge(
            "hotline_emergency_oldest_seconds", "How long the first of them has waited", registry=self.registry
        )
        self.callbacks_open = Gauge(
            "hotline_callbacks_open", "Call-backs that were promised and not made", registry=self.registry
        )
        self.callbacks_overdue = Gauge(
            "hotline_callbacks_overdue", "Of these, those whose moment has passed", registry=self.registry
        )
        self.ready = Gauge("hotline_ready", "1 when every needed part is ready", registry=self.registry)

        self._ended: OrderedDict[str, None] = OrderedDict()
        self._channels: OrderedDict[str, str] = OrderedDict()

    def belongs(self, conversation_id: str, channel: str) -> None:
        """Remember the channel of a conversation, for its turns are counted when they are stored."""
        self._channels[conversation_id] = channel
        self._channels.move_to_end(conversation_id)
        while len(self._channels) > _REMEMBERED:
            self._channels.popitem(last=False)

    def count_event(self, event: ConversationEvent) -> None:
        """Count a contact's first outcome and every turn of a citizen."""
        if event.kind == "outcome" and event.outcome is not None and event.conversation_id not in self._ended:
            self._ended[event.conversation_id] = None
            while len(self._ended) > _REMEMBERED:
                self._ended.popitem(last=False)
            self.outcomes.labels(event.outcome).inc()
        if event.kind == "turn" and event.turn is not None and event.turn.role == "citizen":
            channel = self._channels.get(event.conversation_id, "unknown")
            self.turns.labels(channel, understood_by(event.turn.meta)).inc()

    def told(self, channel: str, what: str) -> None:
        """`gateway/wechat/delivery.py`: one message."""
        self.messenger_told.labels(channel, what).inc()

    def rephrased(self, result: str) -> None:
        """`knowledge/rephraser.py`: one clause."""
        self.rephrasings.labels(result).inc()

    def attempted(self, target: str, verdict: str) -> None:
        """`workorders/outbox/sender.py`: one attempt to deliver."""
        self.outbox_attempts.labels(target, verdict).inc()

    def backlog(self, target: str, backlog: Backlog, oldest_seconds: float) -> None:
        """The same: what one target has not got yet."""
        self.outbox_messages.labels(target, "waiting").set(backlog.waiting)
        self.outbox_messages.labels(target, "dead").set(backlog.dead)
        self.outbox_oldest_seconds.labels(target).set(oldest_seconds)

    def text(self) -> bytes:
        return generate_latest(self.registry)


def understood_by(meta: dict[str, Any]) -> str:
    """The `source` label of a turn: a short name from its meta, `none` where nothing had to be understood."""
    source = meta.get("source")
    return source if isinstance(source, str) and source in ("rasa", "fallback", "rules") else "none"
