"""Golden transcripts: whole conversations as files, word for word. `HOTLINE_UPDATE_TRANSCRIPTS=1` writes them anew."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from conversations_helpers import Room

FOLDER = Path(__file__).with_name("transcripts")
FILES = sorted(FOLDER.glob("*.txt"))


def shown(text: str) -> str:
    """A reply with what differs from run to run taken out: order numbers and tracking codes."""
    text = re.sub(r"(工单编号|查询码|尾号)\d+", r"\1<数字>", text)
    return text.replace("\n", " ")


async def replay(room: Room, lines: list[str]) -> list[str]:
    """Play the citizen's lines of a transcript and write down what is answered to each."""
    channel = "web"
    conversation_id: str | None = None
    written: list[str] = []
    for line in lines:
        if line.startswith("# channel: "):
            channel = line.removeprefix("# channel: ").strip()
        if line.startswith("#"):
            written.append(line)
        if not line.startswith("市民："):
            continue
        said = line.removeprefix("市民：")
        result = await room.say(said, conversation_id, channel=channel)
        conversation_id = result.conversation_id
        written += ["", line, *(f"机器：{shown(reply.text)}" for reply in result.replies)]
        marks = [f"问：{result.asking}"] if result.asking else []
        marks += [f"结果：{result.outcome}"] if result.outcome else []
        marks += [f"工单：{len(result.orders)}"] if result.orders else []
        marks += [f"转接：{result.transfer.target}"] if result.transfer else []
        written += [f"    （{'，'.join(marks)}）"] if marks else []
    return written


def read(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def write(path: Path, lines: list[str]) -> None:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_there_are_transcripts() -> None:
    assert len(FILES) >= 10


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
async def test_the_conversation_goes_as_written(room: Room, path: Path) -> None:
    expected = read(path)
    written = await replay(room, expected)
    if os.environ.get("HOTLINE_UPDATE_TRANSCRIPTS"):
        write(path, written)
    assert written == expected
