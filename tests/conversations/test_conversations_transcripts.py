"""Golden transcripts: whole conversations as files, word for word. `HOTLINE_UPDATE_TRANSCRIPTS=1` writes them anew.

`市民：` says something, `按键：` presses keys, `静默：` stays silent through all reminders.
`市民（没听完 …）：` had not heard these last words. How the phone talks and listens stands in brackets where it is
not as usual.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from conversations_helpers import Room

from conversations.messages import TurnResult

FOLDER = Path(__file__).with_name("transcripts")
FILES = sorted(FOLDER.glob("*.txt"))
_KINDS = {"市民": "text", "按键": "dtmf", "静默": "silence"}
_TURN = re.compile(r"(?P<who>市民|按键|静默)(?:（没听完 (?P<unplayed>.*?)）)?：(?P<said>.*)")


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
        if line.startswith("# caller: "):
            opened = await room.service.open(
                "phone", caller_number=line.removeprefix("# caller: ").strip(), call_id="k"
            )
            conversation_id = opened.conversation_id
        if line.startswith("#"):
            written.append(line)
        found = _TURN.fullmatch(line)
        if found is None:
            continue
        kind = _KINDS[found["who"]] if channel == "phone" or found["who"] != "市民" else "text"
        result = await room.say(
            found["said"], conversation_id, channel=channel, kind=kind, unplayed=found["unplayed"] or ""
        )
        conversation_id = result.conversation_id
        written += ["", line, *(f"机器：{shown(reply.text)}" for reply in result.replies)]
        marks = [f"问：{result.asking}"] if result.asking else []
        marks += [f"结果：{result.outcome}"] if result.outcome else []
        marks += [f"工单：{len(result.orders)}"] if result.orders else []
        marks += [f"转接：{result.transfer.target}"] if result.transfer else []
        marks += _manner(result)
        marks += ["挂机"] if result.hang_up and channel == "phone" else []
        written += [f"    （{'，'.join(marks)}）"] if marks else []
    return written


def _manner(result: TurnResult) -> list[str]:
    """How the phone says it and what it does in a silence, where that is not as usual."""
    manner, marks = result.manner, []
    marks += [f"语速：{manner.speed}"] if manner.speed != 1.0 else []
    marks += [f"音量：+{manner.gain_db:.0f}"] if manner.gain_db else []
    marks += ["长者"] if manner.elder else []
    marks += [f"等待：{result.silence.hold_seconds:.0f}秒"] if result.silence.hold_seconds else []
    return marks


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
