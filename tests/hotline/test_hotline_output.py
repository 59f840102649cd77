"""Lines of many processes on one screen."""

from __future__ import annotations

import io
import itertools
import os
import threading

from hypothesis import given
from hypothesis import strategies as st

from hotline.supervision.output import LINE_LIMIT_BYTES, LineSplitter, Screen


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=6))
def test_lines_do_not_depend_on_how_the_bytes_arrive(data: bytes, cuts: list[int]) -> None:
    whole = LineSplitter()
    expected = whole.feed(data) + whole.close()
    pieces = LineSplitter()
    found: list[str] = []
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    for begin, end in itertools.pairwise(edges):
        found += pieces.feed(data[begin:end])
    assert found + pieces.close() == expected


def test_an_endless_line_is_cut_and_the_next_one_is_whole() -> None:
    splitter = LineSplitter()
    found: list[str] = []
    for _ in range(100):
        found += splitter.feed(b"x" * 1024)
    found += splitter.feed(b"\nnext\n")
    assert [len(line) for line in found[:-1]] == [LINE_LIMIT_BYTES + 4]
    assert found[-1] == "next"


def test_every_line_carries_the_name_of_its_process() -> None:
    stream = io.StringIO()
    screen = Screen(stream, coloured=False)
    screen.show("core", "one")
    screen.show("phone", "two")
    screen.plain("ready")
    screen.close()
    assert stream.getvalue().splitlines() == ["core         | one", "phone        | two", "ready"]


def test_a_colour_only_on_a_terminal() -> None:
    stream = io.StringIO()
    screen = Screen(stream, coloured=True)
    screen.show("core", "one")
    screen.close()
    assert stream.getvalue().startswith("\x1b[")


def test_a_screen_that_stands_still_holds_up_nobody() -> None:
    reading, writing = os.pipe()
    stream = os.fdopen(writing, "w")
    screen = Screen(stream, coloured=False)
    for _ in range(20_000):  # more than the pipe and the queue hold: would block for ever if anything waited
        screen.show("core", "x" * 200)
    drained: list[bytes] = []

    def drain() -> None:
        while piece := os.read(reading, 65_536):
            drained.append(piece)

    reader = threading.Thread(target=drain)
    reader.start()
    screen.show("core", "last")
    screen.close(wait_seconds=10)
    stream.close()
    reader.join(10)
    os.close(reading)
    assert b"lines were left out" in b"".join(drained)


def test_a_terminal_that_is_gone_is_no_reason_to_stop() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    stream = os.fdopen(writing, "w")
    screen = Screen(stream, coloured=False)
    for _ in range(50):
        screen.show("core", "nobody reads this")
    screen.close()
    screen.show("core", "nor this")
