"""What the core has not confirmed yet: kept, sent again after every reconnect; ends of calls also survive us.

Pure bookkeeping plus one small file; the link decides when to send.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

MAXIMUM_SENDS: Final = 20  # after that the core's own sweeper has long dealt with the call
MAXIMUM_ENDED: Final = 10_000
MAXIMUM_HEARD: Final = 2_000

Message = dict[str, Any]


@dataclass(slots=True)
class _Ended:
    message: Message
    sends: int = 0


class Outbox:
    """Live calls, unanswered turns and unconfirmed ends, in the order in which the core must hear of them."""

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self._calls: dict[str, Message] = {}
        self._turns: dict[str, Message] = {}
        self._heard: dict[str, Message] = {}
        self._ended: dict[str, _Ended] = {}

    def load(self) -> int:
        """Read the ends that an earlier process could not deliver; a broken line is left out. Blocking, at start."""
        if not self._journal.is_file():
            return 0
        for line in self._journal.read_text(encoding="utf-8").splitlines():
            try:
                message = json.loads(line)
                self._ended[str(message["call_id"])] = _Ended(message)
            except (ValueError, KeyError, TypeError):
                continue
        return len(self._ended)

    def journal_text(self) -> str:
        return "".join(json.dumps(item.message, ensure_ascii=False) + "\n" for item in self._ended.values())

    def save(self, text: str) -> None:
        """Write the journal atomically. Blocking: call it in a thread."""
        self._journal.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._journal.with_suffix(".new")
        temporary.touch(mode=0o600)  # it holds callers' numbers
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._journal)

    def started(self, message: Message) -> None:
        self._calls[message["call_id"]] = message

    def opened(self, call_id: str, conversation_id: str) -> None:
        """From now on the call is announced together with its conversation."""
        if call_id in self._calls:
            self._calls[call_id] = {**self._calls[call_id], "conversation_id": conversation_id}

    def turn(self, message: Message) -> None:
        self._turns[message["turn_id"]] = message

    def answered(self, turn_id: str) -> bool:
        """The turn has its reply; False if it was not awaited (a repetition)."""
        return self._turns.pop(turn_id, None) is not None

    def heard(self, message: Message) -> None:
        """Words of a bridged call: kept until the core has stored them; the oldest give way where it never does."""
        self._heard[message["heard_id"]] = message
        if len(self._heard) > MAXIMUM_HEARD:
            self._heard.pop(next(iter(self._heard)))

    def noted(self, heard_id: str) -> None:
        self._heard.pop(heard_id, None)

    def is_open(self, call_id: str) -> bool:
        """The core has given this live call its conversation."""
        return self._calls.get(call_id, {}).get("conversation_id") is not None

    def of_call(self, call_id: str) -> list[Message]:
        """What the core needs to take up one live call again."""
        if call_id not in self._calls:
            return []
        return [self._calls[call_id], *(turn for turn in self._turns.values() if turn["call_id"] == call_id)]

    def ended(self, message: Message) -> bool:
        """The call is over: its turns need no answer any more. False if that was known."""
        call_id = message["call_id"]
        if call_id in self._ended:
            return False
        started = self._calls.pop(call_id, {})
        self._turns = {key: turn for key, turn in self._turns.items() if turn["call_id"] != call_id}
        if len(self._ended) >= MAXIMUM_ENDED:
            self._ended.pop(next(iter(self._ended)))
        told = {"conversation_id": started.get("conversation_id"), "caller": started.get("caller")}
        self._ended[call_id] = _Ended({**told, **message})  # a call that never began tells its caller itself
        return True

    def confirmed(self, call_id: str) -> bool:
        return self._ended.pop(call_id, None) is not None

    def live_calls(self) -> list[str]:
        return list(self._calls)

    def after_reconnect(self) -> list[Message]:
        """Everything to be said on a new connection."""
        return [*self._calls.values(), *self._turns.values(), *self._heard.values(), *self.unconfirmed_ends()]

    def unconfirmed_ends(self) -> list[Message]:
        """The ends to be sent now; one that was sent too often is given up."""
        messages = []
        for call_id, item in list(self._ended.items()):
            item.sends += 1
            if item.sends > MAXIMUM_SENDS:
                del self._ended[call_id]
            else:
                messages.append(item.message)
        return messages
