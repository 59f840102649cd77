"""The benchmark's arithmetic decides about a pause exactly as the state machine does in a call."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from benchmarks.endpointing_evidence import Opinion
from benchmarks.endpointing_replay import SOUND_SECONDS, TEXT_OVERHEAD_SECONDS, Pause, Replay, Timing, outcome
from benchmarks.endpointing_speech import Turn
from telephony.turn_end.evidence import Patience
from telephony.turn_end.learned import Learned, LearnedRules
from telephony.turn_end.opinions import text_evidence
from telephony.turn_end.sentence_model import BUCKETS, SentenceModel
from telephony.turn_end.weights import WEIGHTS
from telephony.turn_taking import AskSound, CallerFinished, Guess, TurnTaking, TurnTakingRules
from telephony.voice_activity import WINDOW_SECONDS

SENTENCES = SentenceModel(np.random.default_rng(1).normal(0, 0.5, BUCKETS).astype(np.float32), 0.0)
SPEECH_WINDOWS = 20
RECOGNITION_SECONDS = 0.4

pauses = st.tuples(
    st.integers(8, 60),  # windows of 32 ms: all long enough to be reported
    st.floats(0.01, 0.99),
    st.sampled_from(["居住证怎么办", "居住证需要", "一三九零零", "一三九零零零零一二三四", ""]),
)


def machine_ends_after(
    state: Patience, strategy: Learned, spoken: list[tuple[int, float, str]]
) -> tuple[float, bool] | None:
    """Seconds at which the machine declares the turn over, and whether that was within one of the pauses."""
    turns = TurnTaking(TurnTakingRules(turn_end=strategy), 0.0)
    turns.expect(state)
    now = 0.0
    due: list[tuple[float, int, str]] = []
    for index, (windows, sound, text) in enumerate(spoken):
        last = index == len(spoken) - 1
        due.clear()
        pattern = [0.95] * SPEECH_WINDOWS + [0.02] * (200 if last else windows)
        for probability in pattern:
            now += WINDOW_SECONDS
            for at, pause, kind in sorted(due):
                if at <= now + 1e-9:  # before the window that ends now is looked at
                    due.remove((at, pause, kind))
                    if kind == "sound":
                        for action in turns.heard_sound(pause, sound):
                            assert isinstance(action, Guess)
                            due.append((at + RECOGNITION_SECONDS + TEXT_OVERHEAD_SECONDS, action.pause, "text"))
                    else:
                        turns.heard_text(pause, text_evidence(text, SENTENCES))
            for action in turns.voice(probability, WINDOW_SECONDS, now):
                match action:
                    case AskSound(pause):
                        due.append((now + SOUND_SECONDS, pause, "sound"))
                    case Guess(pause):
                        due.append((now + RECOGNITION_SECONDS + TEXT_OVERHEAD_SECONDS, pause, "text"))
                    case CallerFinished():
                        return now, not last
    return None


@settings(max_examples=120, deadline=None)
@given(
    st.sampled_from(["yes_no", "normal", "number", "story"]),
    st.lists(pauses, min_size=1, max_size=3),
    st.floats(1.0, 15.0),
)
@example("normal", [(8, 0.6875, "居住证怎么办")], 1.0)  # the text arrives in the window in which the turn ends
def test_replay_and_machine_agree(state: Patience, spoken: list[tuple[int, float, str]], cost: float) -> None:
    rules = LearnedRules(cut_off_cost_seconds=cost, text_within_seconds=0.65)
    strategy = Learned(WEIGHTS, rules, sound=True, text=True)
    at = 0.0
    heard = []
    for index, (windows, sound, text) in enumerate(spoken):
        at += SPEECH_WINDOWS * WINDOW_SECONDS
        last = index == len(spoken) - 1
        seconds = math.inf if last else windows * WINDOW_SECONDS
        heard.append(Pause(at, seconds, Opinion(sound, text, RECOGNITION_SECONDS)))
        at += 0.0 if last else seconds
    replay = Replay(Turn("t", state, (), "", 40.0, 0), heard[-1].at, tuple(heard))
    expected = outcome(replay, strategy, Timing(), SENTENCES)
    ended = machine_ends_after(state, strategy, spoken)
    assert ended is not None
    assert ended[1] == expected.cut
    if not expected.cut:
        assert ended[0] - replay.true_end == pytest.approx(expected.wait_seconds, abs=2 * WINDOW_SECONDS)
