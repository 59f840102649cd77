"""A server that is away, in the words of SQLAlchemy: the driver raises bare OSError and TimeoutError for what whoever
stores something must know as a failure of the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

_AWAY: Final = (OSError, TimeoutError)


@contextmanager
def reaching() -> Iterator[None]:
    """Around taking a connection.

    Raises:
        OperationalError: the server cannot be reached, or one that was reached says nothing any more.
    """
    try:
        yield
    except _AWAY as error:
        raise OperationalError("the database cannot be reached", None, error) from error


def name_outages(engine: AsyncEngine) -> None:
    """From now on a statement that gets no answer is an OperationalError, and its connection is not used again."""

    @event.listens_for(engine.sync_engine, "handle_error")
    def translate(context: ExceptionContext) -> OperationalError | None:
        error = context.original_exception
        if isinstance(error, _AWAY):
            context.is_disconnect = True  # what it still says some day would be taken for another answer
            return OperationalError("the database does not answer", None, error)
        return None
