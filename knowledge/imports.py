"""A table of entries that an editor brings: read whole, shown before anything is stored, applied as drafts.

Between the two steps the checked entries lie in a file of the data directory, for a day.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Final

from base.clock import Clock
from base.ids import new_id
from knowledge.editorial import Editorial, rows_of, says_already
from knowledge.entry import Entry
from knowledge.errors import ImportRefused, KnowledgeError
from knowledge.importers import rows, tables
from knowledge.store import Change
from storage.engine import Database

_ID: Final = re.compile(r"i_[0-9A-Z]{26}")
_KEPT_SECONDS: Final = 24 * 3600.0
_SHOWN: Final = 200
_PROBLEMS_SHOWN: Final = 1_000


class UnknownImport(KnowledgeError):
    """There is no such preview, or it is too old."""


class ImportTooLarge(KnowledgeError):
    """The file must be split, or imported on the command line."""


class NotImportable(KnowledgeError):
    """A file that is no table of entries, or has rows that do not fit."""


@dataclass(frozen=True, slots=True)
class Limits:
    size_bytes: int
    rows: int


class Imports:
    def __init__(self, database: Database, folder: Path, limits: Limits, clock: Clock) -> None:
        self._database = database
        self._folder = folder
        self._limits = limits
        self._clock = clock

    async def preview(self, name: str, chunks: AsyncIterator[bytes]) -> dict[str, Any]:
        """Take a file in and tell what it would change.

        Raises:
            ImportTooLarge, NotImportable.
        """
        name = PurePath(name.replace("\\", "/")).name[:200]
        suffix = PurePath(name).suffix.lower()
        if suffix not in rows.SUFFIXES:
            raise NotImportable(f"只能导入表格（{'、'.join(rows.SUFFIXES)}）。法规、通知等文件请由管理员用命令行导入。")
        import_id = new_id("i_")
        await asyncio.to_thread(self._prepare)
        held = self._folder / f"{import_id}{suffix}"
        try:
            await self._receive(held, chunks)
            entries, count, problems = await asyncio.to_thread(self._read, held)
        finally:
            await asyncio.to_thread(held.unlink, missing_ok=True)
        changes = [] if problems else await self._changes(entries)
        shown = {
            "import_id": import_id,
            "name": name,
            "rows": count,
            **{kind: sum(change["change"] == kind for change in changes) for kind in ("added", "changed", "unchanged")},
            "problems": problems[:_PROBLEMS_SHOWN],
            "preview": [change for change in changes if change["change"] != "unchanged"][:_SHOWN],
        }
        stored = {"name": name, "fits": not problems, "entries": [entry.model_dump(mode="json") for entry in entries]}
        await asyncio.to_thread(self._path(import_id).write_text, json.dumps(stored, ensure_ascii=False), "utf-8")
        return shown

    async def apply(self, import_id: str, *, actor: str, submit: bool) -> Change:
        """Keep all entries as drafts, or submit them for review, in one transaction.

        Raises:
            UnknownImport. NotImportable: rows did not fit. NotPossible: an entry cannot be edited now.
        """
        stored = await asyncio.to_thread(self._load, import_id)
        if not stored["fits"]:
            raise NotImportable("文件里还有不合格的行，请改好后重新上传。")
        entries = await asyncio.to_thread(_entries, stored["entries"])
        editorial = Editorial(self._database, clock=self._clock)
        change = await editorial.keep_all(entries, actor=actor, reason=f"导入 {stored['name']}", submit=submit)
        await asyncio.to_thread(self._path(import_id).unlink, missing_ok=True)
        return change

    async def remove(self, import_id: str) -> None:
        """Raises UnknownImport."""
        await asyncio.to_thread(self._load, import_id)
        await asyncio.to_thread(self._path(import_id).unlink, missing_ok=True)

    async def _receive(self, path: Path, chunks: AsyncIterator[bytes]) -> None:
        size = 0
        file = await asyncio.to_thread(path.open, "wb")
        try:
            async for chunk in chunks:
                size += len(chunk)
                if size > self._limits.size_bytes:
                    raise ImportTooLarge(
                        f"文件超过{self._limits.size_bytes / 1024 / 1024:.0f}MB：请拆分，或者由管理员用命令行导入。"
                    )
                await asyncio.to_thread(file.write, chunk)
        finally:
            await asyncio.to_thread(file.close)

    def _read(self, path: Path) -> tuple[list[Entry], int, list[dict[str, Any]]]:
        """The entries, the number of rows, and what does not fit."""
        too_many = f"一次最多导入{self._limits.rows}行：请拆分，或者由管理员用命令行导入。"
        try:
            entries = tables.read_entries(path, limit_rows=self._limits.rows)
        except ImportRefused as refused:
            problems = [{"row": problem.row, "message": problem.message} for problem in refused.problems]
            return [], len({problem["row"] for problem in problems}), problems
        except rows.TooManyRows as error:
            raise ImportTooLarge(too_many) from error
        except KnowledgeError as error:
            raise NotImportable(str(error).replace(path.name, "文件")) from error
        if not entries:
            raise NotImportable("文件里没有条目。")
        return entries, len(entries), []

    async def _changes(self, entries: Sequence[Entry]) -> list[dict[str, str]]:
        async with self._database.read() as session:
            held = await rows_of(session, [entry.id for entry in entries])
        found: list[dict[str, str]] = []
        for entry in entries:
            row = held.get(entry.id)
            same = row is not None and says_already(row, entry.model_dump(mode="json"))
            change = "added" if row is None else "unchanged" if same else "changed"
            found.append({"id": entry.id, "question": entry.question, "change": change})
        return found

    def _path(self, import_id: str) -> Path:
        if _ID.fullmatch(import_id) is None:
            raise UnknownImport("没有这次导入，或者它已经过期，请重新上传。")
        return self._folder / f"{import_id}.json"

    def _load(self, import_id: str) -> dict[str, Any]:
        try:
            stored: dict[str, Any] = json.loads(self._path(import_id).read_text("utf-8"))
        except FileNotFoundError as error:
            raise UnknownImport("没有这次导入，或者它已经过期，请重新上传。") from error
        return stored

    def _prepare(self) -> None:
        """Make the folder; forget what nobody applied within a day."""
        self._folder.mkdir(parents=True, exist_ok=True)
        oldest = time.time() - _KEPT_SECONDS
        for path in self._folder.iterdir():
            if path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)


def _entries(bodies: Sequence[dict[str, Any]]) -> list[Entry]:
    return [Entry.model_validate(body) for body in bodies]
