"""Keys in the audio: tones as ITU-T Q.24 wants them heard, and speech in which none may be heard."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from telephony_helpers import FakeLeg, Line, run_virtual

from telephony.audio import RATE_HZ, alaw_to_pcm, pcm_to_alaw, pcm_to_ulaw, read_wav, silence, to_pcm, ulaw_to_pcm
from telephony.inband_dtmf import HIGH_HZ, KEYS, LOW_HZ, InbandKeys
from telephony.pressed_keys import PressedKeys

ALL = "".join(KEYS)
LINES: dict[str, Callable[[bytes], bytes]] = {
    "clear": lambda pcm: pcm,
    "A-law": lambda pcm: alaw_to_pcm(pcm_to_alaw(pcm)),
    "mu-law": lambda pcm: ulaw_to_pcm(pcm_to_ulaw(pcm)),
}


def tones(
    keys: str,
    *,
    on_seconds: float = 0.04,
    off_seconds: float = 0.04,
    level_dbfs: float = -15.0,
    twist_db: float = 0.0,
    off_low: float = 0.0,
    off_high: float = 0.0,
    noise_db: float | None = None,
    seed: int = 1,
) -> bytes:
    """Key tones. `level_dbfs`: of each tone; `twist_db`: how much louder the high one is; `off_…`: share by which a
    frequency is wrong; `noise_db`: white noise so far below a tone."""
    chance = np.random.default_rng(seed)
    parts = [np.zeros(chance.integers(400, 1_200))]
    amplitude = 10.0 ** (level_dbfs / 20.0)
    time = np.arange(int(on_seconds * RATE_HZ)) / RATE_HZ
    for key in keys:
        row, column = divmod(ALL.index(key), 4)
        low = np.sin(2 * np.pi * LOW_HZ[row] * (1 + off_low) * time + chance.uniform(0, 6))
        high = np.sin(2 * np.pi * HIGH_HZ[column] * (1 + off_high) * time + chance.uniform(0, 6))
        parts.append(amplitude * (10 ** (-twist_db / 40) * low + 10 ** (twist_db / 40) * high))
        parts.append(np.zeros(int(off_seconds * RATE_HZ)))
    sound = np.concatenate([*parts, np.zeros(2_000)])
    if noise_db is not None:
        sound = sound + chance.normal(0, amplitude * 10.0 ** (-noise_db / 20.0), len(sound))
    return to_pcm(sound)


def heard(pcm: bytes) -> str:
    """What is heard when the audio comes in frames of 20 ms."""
    detector = InbandKeys()
    return "".join(key for at in range(0, len(pcm), 320) for key in detector.feed(pcm[at : at + 320]))


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("level_dbfs", [-6.5, -15.0, -25.0, -35.0])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_key_at_every_level_of_a_line(line: str, level_dbfs: float, seed: int) -> None:
    assert heard(LINES[line](tones(ALL, level_dbfs=level_dbfs, seed=seed))) == ALL


@pytest.mark.parametrize("twist_db", [-8.0, -4.0, 4.0, 6.0])
def test_tones_that_are_not_equally_strong(twist_db: float) -> None:
    assert heard(LINES["A-law"](tones(ALL, twist_db=twist_db))) == ALL


@pytest.mark.parametrize(("off_low", "off_high"), [(0.018, 0.018), (-0.018, -0.018), (0.018, -0.018), (-0.018, 0.018)])
def test_frequencies_that_q24_wants_taken(off_low: float, off_high: float) -> None:
    assert heard(LINES["A-law"](tones(ALL, off_low=off_low, off_high=off_high))) == ALL


@pytest.mark.parametrize(("off_low", "off_high"), [(0.035, 0.0), (-0.035, 0.0), (0.0, 0.035), (0.0, -0.035)])
def test_frequencies_that_q24_wants_refused(off_low: float, off_high: float) -> None:
    assert heard(tones(ALL, off_low=off_low, off_high=off_high, on_seconds=0.1)) == ""


@pytest.mark.parametrize("seed", range(5))
def test_noise_15_db_below_a_tone_hides_no_key(seed: int) -> None:
    assert heard(tones(ALL, noise_db=15.0, seed=seed, on_seconds=0.06)) == ALL


def test_too_short_a_tone_is_no_key_and_a_held_key_is_one() -> None:
    assert heard(tones(ALL, on_seconds=0.02)) == ""
    assert heard(tones("5", on_seconds=3.0)) == "5"


def test_the_same_key_twice_and_a_gap_within_a_press() -> None:
    assert heard(tones("0000110099")) == "0000110099"
    press = tones("7", on_seconds=0.2, off_seconds=0.0)
    middle = len(press) // 4 * 2
    broken = press[:middle] + silence(0.008) + press[middle:]
    assert heard(broken) == "7", "8 ms of nothing part no press"


def test_one_tone_alone_noise_or_a_chord_is_no_key() -> None:
    time = np.arange(RATE_HZ) / RATE_HZ
    for frequencies in (
        (697.0,),
        (1336.0,),
        (440.0, 880.0),
        (350.0, 440.0),
        (450.0,),
        (697.0, 770.0),
        (697, 1209, 1477),
    ):
        sound = sum(0.2 * np.sin(2 * np.pi * frequency * time) for frequency in frequencies)
        assert heard(to_pcm(np.asarray(sound))) == "", frequencies
    assert heard(to_pcm(np.random.default_rng(1).normal(0, 0.2, 20 * RATE_HZ))) == ""


def test_no_key_in_anybodys_speech(shared: Path) -> None:
    """Talk-off: 120 clips, wide band and from the telephone, a quarter of an hour."""
    folder = shared / "eval/speech"
    rows = [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]
    found = {
        row[kind]: keys
        for row in rows
        for kind in ("wav", "wav_phone")
        if (keys := heard(read_wav(folder / row[kind])))
    }
    assert len(rows) == 120 and found == {}


# --- in a call --------------------------------------------------------------------------------------------------------


class OldLine(FakeLeg):
    """A leg whose caller's telephone makes tones."""

    def play(self, pcm: bytes) -> None:
        self._tones = bytearray(pcm)

    def read(self) -> bytes:
        line = super().read()
        waiting: bytearray = getattr(self, "_tones", bytearray())
        tone = bytes(waiting[: len(line)])
        del waiting[: len(line)]
        return tone + line[len(tone) :]


def test_zero_on_an_old_line_is_a_person_and_no_speech() -> None:
    async def scenario() -> None:
        async with Line() as line:
            line.leg.__class__ = OldLine
            await line.until(3.0)
            line.leg.play(LINES["A-law"](tones("0", on_seconds=0.4)))  # type: ignore[attr-defined]
            await line.until(8.0)
            assert [(turn.kind, turn.text) for turn in line.core.turns] == [("dtmf", "0")]

    run_virtual(scenario())


def test_keys_of_a_line_that_makes_tones_and_sends_no_events() -> None:
    keys = PressedKeys(inband=True)
    sound = LINES["mu-law"](tones("13900001234#", on_seconds=0.1, off_seconds=0.1))
    found = [key for at in range(0, len(sound), 320) for key in keys.heard(sound[at : at + 320], at / 16_000)]
    assert "".join(found) == "13900001234#"
    assert PressedKeys(inband=False).heard(sound, 0.0) == []


@pytest.mark.parametrize("event_after_seconds", [0.0, 0.1, 0.25, 0.5])
def test_a_press_that_is_told_and_heard_counts_once(event_after_seconds: float) -> None:
    keys, pressed = PressedKeys(inband=True), []
    sound = tones("5", on_seconds=0.3) + tones("6", on_seconds=0.3)
    second = len(tones("5", on_seconds=0.3)) / 16_000 + 0.1
    events = [(0.1 + event_after_seconds, "5"), (second + event_after_seconds, "6")]
    for at in range(0, len(sound), 320):
        now = at / 16_000
        while events and events[0][0] <= now:
            if (key := keys.told(events.pop(0)[1], now)) is not None:
                pressed.append(key)
        pressed += keys.heard(sound[at : at + 320], now)
    assert pressed == ["5", "6"]


def test_no_key_passes_between_the_windows_that_are_looked_at_first() -> None:
    """The shortest tone that must be taken, begun at every place of a stretch, also across its end."""
    for begin in range(0, 1_600, 56):
        time = np.arange(int(0.04 * RATE_HZ)) / RATE_HZ
        tone = 0.2 * (np.sin(2 * np.pi * 770 * time) + np.sin(2 * np.pi * 1336 * time))
        sound = np.random.default_rng(begin).normal(0.0, 0.002, 4_000)  # no silence: every stretch is looked at
        sound[begin : begin + len(tone)] += tone
        assert heard(to_pcm(sound)) == "5", begin
