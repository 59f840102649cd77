"""Single keys of a terminal, without waiting for Enter."""

from __future__ import annotations

import asyncio
import os
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

LEAVE: Final = frozenset((b"q", b"Q", b"\x03", b"\x1b"))


@contextmanager
def watched(leave: asyncio.Event) -> Iterator[None]:
    """`leave` is set when `q`, Escape or Ctrl-C is pressed; the terminal is put back as it was in any case."""
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    loop = asyncio.get_running_loop()

    def pressed() -> None:
        keys = os.read(descriptor, 32)
        # An arrow key is an Escape that something follows: that is no wish to leave.
        if not keys or keys in LEAVE or keys[:1] in LEAVE - {b"\x1b"}:
            leave.set()
            loop.remove_reader(descriptor)

    tty.setcbreak(descriptor)
    loop.add_reader(descriptor, pressed)
    try:
        yield
    finally:
        loop.remove_reader(descriptor)
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
