"""The pages that are open at this core: by seat, and by the conversation whose call they show."""

from __future__ import annotations

import asyncio
from typing import Any

from gateway.audio_commands import Page


class AudioPages:
    """One a core process."""

    def __init__(self) -> None:
        self._of_seat: dict[str, set[Page]] = {}
        self._showing: dict[str, set[Page]] = {}

    def open(self, page: Page) -> None:
        self._of_seat.setdefault(page.seat.id, set()).add(page)

    def close(self, page: Page) -> None:
        self._of_seat.get(page.seat.id, set()).discard(page)
        self.forget(page)

    def show(self, page: Page, conversation_id: str) -> None:
        """The page shows the call of this conversation from now on."""
        self._showing.setdefault(conversation_id, set()).add(page)

    def forget(self, page: Page) -> None:
        """It shows no call any more."""
        for pages in self._showing.values():
            pages.discard(page)
        self._showing = {key: pages for key, pages in self._showing.items() if pages}

    def seats(self) -> set[str]:
        """The seats that have a page open here."""
        return {seat_id for seat_id, pages in self._of_seat.items() if pages}

    async def tell_seat(self, seat_id: str, message: dict[str, Any]) -> None:
        await _tell_all(self._of_seat.get(seat_id, set()), message)

    async def tell_showing(self, conversation_id: str, message: dict[str, Any]) -> None:
        await _tell_all(self._showing.get(conversation_id, set()), message)


async def _tell_all(pages: set[Page], message: dict[str, Any]) -> None:
    """Each page by itself: one that has gone or is slow holds up nobody."""
    await asyncio.gather(*(page.tell(message) for page in list(pages)), return_exceptions=True)
