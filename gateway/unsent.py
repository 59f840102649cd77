"""What seats have typed and not sent: drafts, and the fields of an order that they have touched.

Whoever opens the conversation next finds it. It is written down every second, so that it outlives the core.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from base.logs import get_logger
from gateway.core import Core

log = get_logger("gateway.unsent")
_FLUSH_SECONDS: Final = 1.0


class Unsent:
    """One a core process."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._drafts: dict[str, str] = {}  # typed since the last flush
        self._forms: dict[str, dict[str, Any]] = {}

    def keep_draft(self, conversation_id: str, text: str) -> None:
        self._drafts[conversation_id] = text

    def keep_form(self, conversation_id: str, fields: dict[str, Any]) -> None:
        """The fields of the order that a seat has touched."""
        self._forms[conversation_id] = fields

    def drop_draft(self, conversation_id: str) -> None:
        self._drafts.pop(conversation_id, None)

    def drop_form(self, conversation_id: str) -> None:
        self._forms.pop(conversation_id, None)

    async def of(self, conversation_id: str) -> tuple[str, Mapping[str, Any]]:
        """Draft and touched fields of the form."""
        case = await self._core.cases.one(conversation_id)
        form: Mapping[str, Any] = self._forms.get(conversation_id, case.form)
        return self._drafts.get(conversation_id, case.draft), form

    async def flush(self) -> None:
        """Write what was typed since the last time; where that fails it is kept for the next time."""
        drafts, forms, self._drafts, self._forms = self._drafts, self._forms, {}, {}
        if not drafts and not forms:
            return
        try:
            await self._core.cases.keep(drafts, forms)
        except BaseException:
            self._drafts, self._forms = {**drafts, **self._drafts}, {**forms, **self._forms}
            raise

    async def run(self) -> None:
        """Flush every second, and once more at the end; what was typed is kept when the core goes."""
        while True:
            over = await self._core.pause(_FLUSH_SECONDS)
            try:
                await self.flush()
            except Exception as error:  # noqa: BLE001  (kept, and tried again)
                log.error("drafts could not be written", error=type(error).__name__)
            if over:
                return
