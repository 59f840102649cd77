"""The lines of all processes on one screen: a name in front, a colour on a terminal.

Lines go through a bounded queue to a thread that writes them: a terminal that stands still (Ctrl-S, a slow pipe) must
not hold up the phone. What does not fit is counted and the count is shown.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from typing import Final, TextIO

LINE_LIMIT_BYTES: Final = 16_384
_QUEUE_LINES: Final = 5_000
_COLOURS: Final = (36, 32, 33, 35, 34, 96, 92, 93, 95, 94)
_NAME_WIDTH: Final = 12


class LineSplitter:
    """Bytes in, whole lines out; an overlong line is cut, never collected without limit."""

    def __init__(self) -> None:
        self._rest = b""
        self._skipping = False

    def feed(self, piece: bytes) -> list[str]:
        *lines, self._rest = (self._rest + piece).split(b"\n")
        whole: list[str] = []
        for line in lines:
            if self._skipping:
                self._skipping = False
                continue
            whole.append(self._text(line))
        if len(self._rest) > LINE_LIMIT_BYTES:
            if not self._skipping:
                whole.append(self._text(self._rest))
            self._rest, self._skipping = b"", True
        return whole

    def close(self) -> list[str]:
        rest, self._rest = self._rest, b""
        return [self._text(rest)] if rest and not self._skipping else []

    @staticmethod
    def _text(line: bytes) -> str:
        mark = b" ..." if len(line) > LINE_LIMIT_BYTES else b""
        return (line[:LINE_LIMIT_BYTES] + mark).decode("utf-8", "replace").rstrip("\r")


class Screen:
    """Writes prefixed lines from any thread; `close` waits for what is queued."""

    def __init__(self, stream: TextIO, *, coloured: bool) -> None:
        self._stream = stream
        self._coloured = coloured
        self._colours: dict[str, int] = {}
        self._lines: queue.Queue[str | None] = queue.Queue(_QUEUE_LINES)
        self._lost = 0
        self._thread = threading.Thread(target=self._write, name="screen", daemon=True)
        self._thread.start()

    def show(self, name: str, line: str) -> None:
        try:
            self._lines.put_nowait(f"{self._prefix(name)} {line}\n")
        except queue.Full:
            self._lost += 1

    def plain(self, text: str) -> None:
        """Lines that carry no prefix: what a person must find, such as the addresses."""
        with contextlib.suppress(queue.Full):
            self._lines.put(text + "\n", timeout=2.0)

    def close(self, wait_seconds: float = 2.0) -> None:
        with contextlib.suppress(queue.Full):
            self._lines.put(None, timeout=wait_seconds)
        self._thread.join(wait_seconds)

    def _prefix(self, name: str) -> str:
        label = f"{name:<{_NAME_WIDTH}} |"
        if not self._coloured:
            return label
        colour = self._colours.setdefault(name, _COLOURS[len(self._colours) % len(_COLOURS)])
        return f"\x1b[{colour}m{label}\x1b[0m"

    def _write(self) -> None:
        while (line := self._lines.get()) is not None:
            lost, self._lost = self._lost, 0
            if lost:
                line += f"{self._prefix('supervisor')} {lost} lines were left out: the screen was too slow\n"
            try:
                self._stream.write(line)
                if self._lines.empty():
                    self._stream.flush()
            except (OSError, ValueError):
                # Nobody reads any more (the terminal is gone): the service goes on, its lines have no reader.
                self._drop_all()
                return
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()

    def _drop_all(self) -> None:
        while self._lines.get() is not None:
            pass
