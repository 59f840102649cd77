"""Recordings of calls: which belong to a conversation, where their files lie, and deleting them on demand.

The phone writes the files and deletes the old ones; a file that is gone was deleted for its age.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from base.clock import Clock, SystemClock
from base.logs import get_logger
from storage.engine import Database
from storage.tables import Recording

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class KnownRecording:
    """`deleted_at`: on demand; a file that is missing without it was deleted for its age."""

    conversation_id: str
    name: str
    path: Path
    created_at: datetime
    deleted_at: datetime | None = None


class Recordings:
    """One instance a process; `directory` is where the phone writes."""

    def __init__(self, database: Database, directory: Path, *, clock: Clock | None = None) -> None:
        self._database = database
        self._directory = directory.resolve()
        self._clock = clock or SystemClock()

    async def note(self, conversation_id: str, path: str) -> bool:
        """The call of this conversation was recorded there. Idempotent; False for a file outside the directory."""
        resolved = await asyncio.to_thread(Path(path).resolve)
        if not resolved.is_relative_to(self._directory):
            _log.error("a recording outside the recordings' folder is not noted", conversation_id=conversation_id)
            return False
        name = str(resolved.relative_to(self._directory))[:80]
        async with self._database.write() as session:
            known = (await session.execute(select(Recording).where(Recording.name == name))).scalar_one_or_none()
            if known is None:
                session.add(Recording(conversation_id=conversation_id, name=name, created_at=self._clock.now()))
        return True

    async def of(self, conversation_id: str) -> list[KnownRecording]:
        """Every recording of a conversation, the first call's first."""
        query = select(Recording).where(Recording.conversation_id == conversation_id).order_by(Recording.id)
        async with self._database.read() as session:
            return [self._known(row) for row in (await session.execute(query)).scalars()]

    async def latest(self, limit: int) -> list[KnownRecording]:
        """The newest recordings, newest first."""
        query = select(Recording).order_by(Recording.id.desc()).limit(limit)
        async with self._database.read() as session:
            return [self._known(row) for row in (await session.execute(query)).scalars()]

    async def delete(self, conversation_id: str) -> int:
        """Delete the files of a conversation, now; returns how many there were.

        Raises:
            OSError: the disk refuses; nothing is noted as deleted.
        """
        going = [recording for recording in await self.of(conversation_id) if recording.deleted_at is None]
        for recording in going:
            await asyncio.to_thread(recording.path.unlink, missing_ok=True)
        names = [recording.name for recording in going]
        async with self._database.write() as session:
            for row in (await session.execute(select(Recording).where(Recording.name.in_(names)))).scalars():
                row.deleted_at = self._clock.now()
        return len(going)

    def _known(self, row: Recording) -> KnownRecording:
        return KnownRecording(row.conversation_id, row.name, self._directory / row.name, row.created_at, row.deleted_at)
