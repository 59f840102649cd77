"""Who hears whom, that nothing clicks or clips, and what a bridge costs."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telephony import hold_music
from telephony.audio import FRAME_BYTES, FRAME_SAMPLES, RATE_HZ, level_dbfs
from telephony.mixer import CAP_FRAMES, Mixer, Role

MUSIC_HZ = 3_300.0
PEOPLE = (Role.CALLER, Role.SEAT, Role.THIRD, Role.LISTENER, Role.WHISPERER)


def sine(frequency_hz: float, frames: int, level: float = 0.1, begin: int = 0) -> np.ndarray:
    samples = (begin * FRAME_SAMPLES + np.arange(frames * FRAME_SAMPLES)) / RATE_HZ
    return (level * 32768 * np.sin(2 * np.pi * frequency_hz * samples)).astype("<i2")


def music() -> np.ndarray:
    return sine(MUSIC_HZ, 50).astype(np.int16)


def loudness(pcm: bytes, frequency_hz: float) -> float:
    """The share of one frequency, 1.0 for a full-scale sine."""
    values = np.frombuffer(pcm, dtype="<i2").astype(float) / 32768
    turn = np.exp(-2j * np.pi * frequency_hz * np.arange(len(values)) / RATE_HZ)
    return float(abs((values * turn).mean()) * 2)


def run(mixer: Mixer, tones: dict[str, float], frames: int = 60, level: float = 0.1) -> dict[str, bytes]:
    """Everybody hums their own tone; what each has heard, without the first 10 frames."""
    heard: dict[str, bytes] = {}
    for number in range(frames):
        for name, tone in tones.items():
            mixer.inlet(name).feed(sine(tone, 1, level, number).tobytes())
        for name, frame in mixer.mix().items():
            assert len(frame) == FRAME_BYTES
            heard[name] = heard.get(name, b"") + (frame if number >= 10 else b"")
    return heard


@settings(max_examples=60, deadline=None)
@given(
    people=st.lists(
        st.tuples(st.sampled_from(PEOPLE), st.booleans(), st.booleans()),  # role, muted, held
        min_size=1,
        max_size=6,
    )
)
def test_nobody_hears_himself_listeners_never_leak_and_whispers_reach_seats_alone(
    people: list[tuple[Role, bool, bool]],
) -> None:
    mixer = Mixer(music())
    tones: dict[str, float] = {}
    for number, (role, muted, held) in enumerate(people):
        name = f"p{number}"
        mixer.join(name, role)
        mixer.change(name, muted=muted, held=held)
        tones[name] = 300.0 + 400.0 * number
    heard = run(mixer, tones)
    for hearer, (hearer_role, _, hearer_held) in zip(tones, people, strict=True):
        for speaker, (role, muted, held) in zip(tones, people, strict=True):
            silent = (
                speaker == hearer
                or muted
                or held
                or hearer_held
                or role is Role.LISTENER
                or (role is Role.WHISPERER and hearer_role is not Role.SEAT)
            )
            share = loudness(heard[hearer], tones[speaker])
            assert share < 0.002 if silent else 0.08 < share < 0.12, (hearer_role, role, share)
        assert (loudness(heard[hearer], MUSIC_HZ) > 0.08) == hearer_held, "music for those on hold, and for nobody else"


def test_an_announcement_is_heard_over_the_music() -> None:
    mixer = Mixer(music())
    mixer.join("caller", Role.CALLER)
    mixer.join("bot", Role.BOT)
    mixer.change("caller", held=True)
    heard = run(mixer, {"bot": 500.0})
    assert set(heard) == {"caller"}, "the bot hears nothing"
    assert loudness(heard["caller"], 500.0) > 0.09
    assert loudness(heard["caller"], MUSIC_HZ) < 0.03


def test_loud_people_together_neither_clip_nor_click() -> None:
    mixer = Mixer(music())
    tones = {"a": 200.0, "b": 310.0, "c": 430.0, "d": 290.0}
    for name in tones:
        mixer.join(name, Role.SEAT)
    heard = run(mixer, tones, frames=150, level=0.8)
    for pcm in heard.values():
        values = np.frombuffer(pcm, dtype="<i2").astype(int)
        assert 20_000 < np.abs(values).max() < 32_767, "three voices at 0.8 are turned down, not cut"
        steepest = 2.4 * 32_768 * 2 * np.pi * 430.0 / RATE_HZ  # of the unlimited sum
        assert np.abs(np.diff(values)).max() <= steepest


def test_a_quiet_voice_passes_unchanged() -> None:
    mixer = Mixer(music())
    mixer.join("caller", Role.CALLER)
    mixer.join("seat", Role.SEAT)
    words = sine(437.0, 40, 0.5)
    heard = b""
    for number in range(45):
        mixer.inlet("caller").feed(words[number * FRAME_SAMPLES : (number + 1) * FRAME_SAMPLES].tobytes())
        heard += mixer.mix()["seat"]
    values = np.frombuffer(heard, dtype="<i2")
    begin = 1 * FRAME_SAMPLES  # the first frame waits for the second
    assert (values[begin + 200 : begin + 38 * FRAME_SAMPLES] == words[200 : 38 * FRAME_SAMPLES]).all()


@settings(max_examples=40, deadline=None)
@given(pieces=st.lists(st.integers(0, 5), min_size=20, max_size=120))
def test_uneven_deliveries_stay_bounded_and_make_no_clicks(pieces: list[int]) -> None:
    """Each step delivers 0 to 5 frames: late, early, a clock that is too fast."""
    mixer = Mixer(music())
    mixer.join("caller", Role.CALLER)
    mixer.join("seat", Role.SEAT)
    sent, heard = 0, b""
    for count in pieces:
        mixer.inlet("caller").feed(sine(250.0, count, 0.3, sent).tobytes())
        sent += count
        heard += mixer.mix()["seat"]
        assert len(mixer.inlet("caller")) <= 25 * FRAME_BYTES
    values = np.frombuffer(heard, dtype="<i2").astype(int)
    assert np.abs(np.diff(values)).max() < 0.3 * 32_768 * 0.6, "a cut sine would jump by up to twice its height"


def test_a_faster_clock_is_worked_off_and_a_slower_one_is_silence() -> None:
    mixer = Mixer(music())
    mixer.join("caller", Role.CALLER)
    mixer.join("seat", Role.SEAT)
    for number in range(2_000):  # 40 s at 1 % too fast
        mixer.inlet("caller").feed(sine(250.0, 1, 0.3, number).tobytes())
        if number % 100 == 0:
            mixer.inlet("caller").feed(sine(250.0, 1, 0.3, number).tobytes())
        mixer.mix()
    assert len(mixer.inlet("caller")) <= (CAP_FRAMES + 1) * FRAME_BYTES
    assert mixer.inlet("caller").skipped_frames >= 10
    for _ in range(50):
        last = mixer.mix()["seat"]
    assert not any(last)


def test_mute_and_hold_fade_within_a_frame() -> None:
    mixer = Mixer(music())
    mixer.join("caller", Role.CALLER)
    mixer.join("seat", Role.SEAT)
    heard = b""
    for number in range(60):
        if number == 20:
            mixer.change("seat", muted=True)
        if number == 40:
            mixer.change("seat", muted=False, gain_db=-6.0)
        mixer.inlet("seat").feed(sine(250.0, 1, 0.4, number).tobytes())
        heard += mixer.mix()["caller"]
    values = np.frombuffer(heard, dtype="<i2").astype(int)
    assert np.abs(np.diff(values)).max() < 0.4 * 32_768 * 2 * np.pi * 250 / RATE_HZ * 1.2
    frame = FRAME_SAMPLES
    assert not values[22 * frame : 40 * frame].any()
    assert abs(loudness(heard[-2 * 10 * frame :], 250.0) - 0.2) < 0.01


def test_names_are_unique() -> None:
    mixer = Mixer(music())
    mixer.join("caller", Role.CALLER)
    with pytest.raises(ValueError):
        mixer.join("caller", Role.SEAT)
    mixer.leave("caller")
    mixer.leave("caller")
    assert "caller" not in mixer


def test_the_hold_music_is_gentle_and_has_no_seam() -> None:
    loop = hold_music.loop()
    assert abs(level_dbfs(loop.tobytes()) + 20.0) < 0.1
    assert np.abs(loop.astype(int)).max() < 32_767 * 0.6
    twice = np.concatenate([loop, loop]).astype(int)
    seam = np.abs(np.diff(twice[len(loop) - 50 : len(loop) + 50])).max()
    assert seam <= np.abs(np.diff(loop.astype(int))).max()
    quiet = [level_dbfs(loop[start : start + RATE_HZ].tobytes()) for start in range(0, len(loop), RATE_HZ)]
    assert min(quiet) > -27.0, "no second of the loop sounds like a dead line"


def test_what_a_bridge_costs() -> None:
    """A step of three people: CPU time, so that a busy machine does not matter; the bound is generous."""
    mixer = Mixer(hold_music.loop())
    for name, role in (("caller", Role.CALLER), ("seat", Role.SEAT), ("third", Role.THIRD)):
        mixer.join(name, role)
    frame = sine(300.0, 1).tobytes()
    began, steps = time.process_time(), 1_000
    for _ in range(steps):
        for name in ("caller", "seat", "third"):
            mixer.inlet(name).feed(frame)
        mixer.mix()
    milliseconds = (time.process_time() - began) / steps * 1_000
    assert milliseconds < 1.0, f"{milliseconds:.3f} ms a step of 20 ms"
