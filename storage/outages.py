"""A server that is away, in the words of SQLAlchemy: the driver raises bare OSError and TimeoutError for what whoever
stores something must know as a failure of the database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

_AWAY = (OSError, TimeoutError)


def name_outages(engine: AsyncEngine) -> None:
    """From now on every failure to reach the server is an OperationalError."""

    @event.listens_for(engine.sync_engine, "do_connect")
    def connect(dialect: Any, _record: Any, arguments: Any, options: Any) -> Any:
        try:
            return dialect.connect(*arguments, **options)
        except _AWAY as error:
            raise OperationalError("the database cannot be reached", None, error) from error

    @event.listens_for(engine.sync_engine, "handle_error")
    def translate(context: ExceptionContext) -> OperationalError | None:
        error = context.original_exception
        if isinstance(error, _AWAY):
            context.is_disconnect = True  # what it still says some day would be taken for another answer
            return OperationalError("the database does not answer", None, error)
        return None
