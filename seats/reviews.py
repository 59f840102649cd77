"""Review sheets in the database: the draw of a week, writing a sheet, what the seat says to it, and the last word.

A sheet is `open` until the seat agrees or appeals; an appeal is settled by a leader who may change the points. Nobody
judges a conversation that they led, and each conversation is judged once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from base.clock import CHINA, Clock, SystemClock
from base.ids import new_id
from seats import review_sheet
from seats.review_sampling import sample
from seats.review_sheet import Criteria, SheetError
from storage.desk_tables import DeskCase
from storage.engine import Database
from storage.leader_tables import ReviewSheet
from storage.tables import Conversation, Seat

COMMENT_CHARACTERS: Final = 2_000


class UnknownSheet(SheetError):
    def __init__(self) -> None:
        super().__init__("没有这张质检单。")


class Reviews:
    """One instance a process."""

    def __init__(self, database: Database, *, clock: Clock | None = None, criteria: Criteria | None = None) -> None:
        self._database = database
        self._clock = clock or SystemClock()
        self.criteria = criteria or review_sheet.default()

    async def drawn(self, monday: date, *, each: int) -> list[dict[str, Any]]:
        """The conversations of a week that are to be judged, by seat; `sheet_id` where that is done.

        Of a week that is not over it is the draw of what there is so far.
        """
        begins = datetime.combine(monday, time(), tzinfo=CHINA)
        ends = begins + timedelta(weeks=1)
        finished = (
            select(Conversation.seat_id, Conversation.id)
            .join(DeskCase, DeskCase.conversation_id == Conversation.id)
            .where(DeskCase.finished_at >= begins, DeskCase.finished_at < ends)
            .where(Conversation.seat_id.is_not(None), Conversation.status == "ended")
        )
        async with self._database.read() as session:
            known = [(str(seat_id), known) for seat_id, known in await session.execute(finished)]
            drawn = sample(known, monday.isoformat(), each=each)
            ids = [known for chosen in drawn.values() for known in chosen]
            rows = {
                row.id: row
                for row in (await session.execute(select(Conversation).where(Conversation.id.in_(ids)))).scalars()
            }
            sheets = select(ReviewSheet.conversation_id, ReviewSheet.id).where(ReviewSheet.conversation_id.in_(ids))
            judged = dict((await session.execute(sheets)).all())
            names = await _names(session)
        items = [
            {
                "conversation_id": known,
                "seat_id": seat_id,
                "seat_name": names.get(seat_id, "已注销的坐席"),
                "channel": rows[known].channel,
                "ended_at": ended.isoformat() if (ended := rows[known].ended_at) else None,
                "sheet_id": judged.get(known),
            }
            for seat_id, chosen in drawn.items()
            for known in chosen
        ]
        return sorted(items, key=lambda item: (str(item["seat_name"]), str(item["seat_id"])))

    async def write(
        self, conversation_id: str, reviewer_id: str, *, points: Mapping[str, int], vetoes: Iterable[str], comment: str
    ) -> dict[str, Any]:
        """
        Raises:
            SheetError: the points are not those of the criteria, there is nothing to judge, it was judged already, or
                the reviewer led the conversation.
        """
        broken = sorted(set(vetoes))
        total, now = self.criteria.total(points, broken), self._clock.now()
        try:
            async with self._database.write() as session:
                row = await session.get(Conversation, conversation_id)
                if row is None or row.seat_id is None or row.status != "ended":
                    raise SheetError("这个会话没有坐席，或者还没有结束，不能质检。")
                if row.seat_id == reviewer_id:
                    raise SheetError("不能给自己的会话打分。")
                sheet = ReviewSheet(
                    id=new_id("q_"),
                    conversation_id=conversation_id,
                    seat_id=row.seat_id,
                    reviewer_id=reviewer_id,
                    criteria_version=self.criteria.version,
                    points={"points": dict(points), "vetoes": broken},
                    total=total,
                    comment=comment[:COMMENT_CHARACTERS],
                    status="open",
                    appeal="",
                    answer="",
                    version=0,
                    created_at=now,
                    updated_at=now,
                )
                session.add(sheet)
                await session.flush()
                return _shown(sheet, await _names(session))
        except IntegrityError as error:
            raise SheetError("这个会话已经质检过了。") from error

    async def list(
        self, *, seat_id: str | None = None, status: str = "", page: int = 1, page_size: int = 50
    ) -> dict[str, Any]:
        """Newest first, as a page; of one seat where that is given."""
        conditions = []
        if seat_id is not None:
            conditions.append(ReviewSheet.seat_id == seat_id)
        if status:
            conditions.append(ReviewSheet.status == status)
        first = (page - 1) * page_size
        query = select(ReviewSheet).where(*conditions).order_by(ReviewSheet.created_at.desc(), ReviewSheet.id)
        async with self._database.read() as session:
            rows = (await session.execute(query.offset(first).limit(page_size))).scalars().all()
            counted = select(func.count()).select_from(ReviewSheet).where(*conditions)
            total = (await session.execute(counted)).scalar_one()
            names = await _names(session)
        return {"items": [_shown(row, names) for row in rows], "total": total, "page": page, "page_size": page_size}

    async def reply(self, sheet_id: str, seat_id: str, *, agrees: bool, reason: str = "") -> dict[str, Any]:
        """What the judged seat says, once.

        Raises:
            UnknownSheet: it is not this seat's, or there is none.
            SheetError: it has said so already, or appeals without a reason.
        """
        if not agrees and not reason.strip():
            raise SheetError("申诉请写明理由。")
        async with self._database.write() as session:
            sheet = await _locked(session, sheet_id)
            if sheet.seat_id != seat_id:
                raise UnknownSheet
            if sheet.status != "open":
                raise SheetError("这张质检单已经答复过了。")
            sheet.status = "agreed" if agrees else "appealed"
            sheet.appeal = "" if agrees else reason.strip()[:COMMENT_CHARACTERS]
            return self._moved(sheet, await _names(session))

    async def settle(
        self,
        sheet_id: str,
        reviewer_id: str,
        *,
        answer: str,
        points: Mapping[str, int] | None = None,
        vetoes: Iterable[str] = (),
    ) -> dict[str, Any]:
        """The last word on an appeal; `points` None: they stand.

        Raises:
            UnknownSheet: there is none.
            SheetError: nothing was appealed, the answer is empty, or the judge is the judged.
        """
        if not answer.strip():
            raise SheetError("请写明复核意见。")
        async with self._database.write() as session:
            sheet = await _locked(session, sheet_id)
            if sheet.status != "appealed":
                raise SheetError("这张质检单没有待复核的申诉。")
            if sheet.seat_id == reviewer_id:
                raise SheetError("不能复核自己的申诉。")
            if points is not None:
                if sheet.criteria_version != self.criteria.version:
                    raise SheetError("评分标准已经更换，旧的质检单只能维持原分。")
                broken = sorted(set(vetoes))
                sheet.total = self.criteria.total(points, broken)
                sheet.points = {"points": dict(points), "vetoes": broken}
            sheet.status, sheet.answer = "settled", answer.strip()[:COMMENT_CHARACTERS]
            return self._moved(sheet, await _names(session))

    def _moved(self, sheet: ReviewSheet, names: Mapping[str, str]) -> dict[str, Any]:
        sheet.version += 1
        sheet.updated_at = self._clock.now()
        return _shown(sheet, names)


async def _locked(session: AsyncSession, sheet_id: str) -> ReviewSheet:
    query = select(ReviewSheet).where(ReviewSheet.id == sheet_id).with_for_update()
    sheet = (await session.execute(query)).scalar_one_or_none()
    if sheet is None:
        raise UnknownSheet
    return sheet


async def _names(session: AsyncSession) -> dict[str, str]:
    return dict((await session.execute(select(Seat.id, Seat.display_name))).all())


def _shown(sheet: ReviewSheet, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": sheet.id,
        "conversation_id": sheet.conversation_id,
        "seat_id": sheet.seat_id,
        "seat_name": names.get(sheet.seat_id, "已注销的坐席"),
        "reviewer_name": names.get(sheet.reviewer_id, "已注销的班长"),
        "criteria_version": sheet.criteria_version,
        **sheet.points,
        "total": sheet.total,
        "comment": sheet.comment,
        "status": sheet.status,
        "appeal": sheet.appeal,
        "answer": sheet.answer,
        "created_at": sheet.created_at.isoformat(),
        "updated_at": sheet.updated_at.isoformat(),
    }
