"""The JSON shapes of the chat API and of the sockets, made from the values of the rooms."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from conversations.messages import Reply, StoredTurn, TurnResult
from gateway.errors import bad_request
from knowledge.model import Hit, SearchResult


def query_number(request: web.Request, name: str, default: int, least: int, most: int) -> int:
    """A whole number of the query.

    Raises:
        ApiError: 400 where it is none, or out of its range.
    """
    text = request.query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most):
        raise bad_request(f"参数 {name} 不正确。", "invalid_field")
    return int(text)


def reply_object(reply: Reply) -> dict[str, Any]:
    return {"text": reply.text, "citations": [citation.as_dict() for citation in reply.citations]}


def chat_object(result: TurnResult) -> dict[str, Any]:
    """The answer of `POST /api/v1/chat`, exactly as the contract names it."""
    return {
        "conversation_id": result.conversation_id,
        "replies": [reply_object(reply) for reply in result.replies],
        "asking": result.asking,
        "outcome": result.outcome,
        "orders": list(result.orders),
    }


def turn_object(turn: StoredTurn, *, for_seat: bool = False) -> dict[str, Any]:
    """A turn of a transcript; `meta` (confidences, timings) is for seats only."""
    shown: dict[str, Any] = {
        "seq": turn.seq,
        "role": turn.role,
        "kind": turn.kind,
        "text": turn.text,
        "at": turn.at,
        "citations": [citation.as_dict() for citation in turn.citations],
        "client_message_id": turn.meta.get("client_message_id"),
    }
    if for_seat:
        shown["meta"] = turn.meta
    return shown


def say_objects(replies: tuple[Reply, ...]) -> list[dict[str, str]]:
    """The `say` list of the phone link."""
    return [{"text": reply.text, "spoken": reply.for_the_ear, "origin": reply.origin} for reply in replies]


def search_object(result: SearchResult) -> dict[str, Any]:
    """The answer of `GET /api/v1/knowledge/search`."""
    return {"items": [_hit_object(hit) for hit in result.hits], "answerable": result.answerable}


def _hit_object(hit: Hit) -> dict[str, Any]:
    return {
        "id": hit.id,
        "question": hit.question,
        "answer": hit.answer,
        "score": round(hit.score, 6),
        "citation": hit.citations[0].as_dict() if hit.citations else None,
        "sample": hit.sample,
    }
