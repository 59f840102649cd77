"""Strategies for the end of a turn, and the evidence that they weigh."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from needs import require

from base.settings import Settings
from telephony import turn_rules
from telephony.errors import TelephonyError
from telephony.turn_end import numbers, pauses, sentence_training, sound_graph
from telephony.turn_end.evidence import Evidence, NumberProgress, Patience, TextEvidence
from telephony.turn_end.learned import Learned, LearnedRules
from telephony.turn_end.sentence_model import SentenceModel
from telephony.turn_end.silence import FixedSilence
from telephony.turn_end.sound_model import MODEL_FILE, MODEL_NAME, SoundModel, features
from telephony.turn_end.strategy import TurnEnd
from telephony.turn_end.weights import WEIGHTS

PATIENCE: dict[Patience, float] = {"yes_no": 0.6, "normal": 0.8, "number": 1.5, "story": 1.3}
RULES = LearnedRules()


def combined(rules: LearnedRules = RULES) -> Learned:
    return Learned(WEIGHTS, rules, sound=True, text=True)


evidences = st.builds(
    Evidence,
    st.sampled_from(get_args(Patience)),
    st.none() | st.floats(0, 1),
    st.none() | st.builds(TextEvidence, st.floats(0, 1), st.sampled_from(get_args(NumberProgress))),
)
strategies = st.one_of(
    st.just(FixedSilence(PATIENCE)),
    st.builds(
        lambda cost, sound, text: Learned(WEIGHTS, LearnedRules(cut_off_cost_seconds=cost), sound=sound, text=text),
        st.floats(0.5, 50),
        st.booleans(),
        st.booleans(),
    ),
)


@settings(max_examples=300, deadline=None)
@given(strategies, evidences)
def test_every_strategy_ends_every_pause_in_good_time(strategy: TurnEnd, evidence: Evidence) -> None:
    patient = evidence.state in ("number", "story")
    longest = RULES.longest_patient_seconds if patient else RULES.longest_seconds
    assert 0.2 < strategy.patience_seconds(evidence) <= longest


def test_silence_waits_as_long_as_was_set_whatever_else_is_known() -> None:
    strategy = FixedSilence(PATIENCE)
    for state, seconds in PATIENCE.items():
        assert strategy.patience_seconds(Evidence(state, 0.99, TextEvidence(0.99))) == seconds
    with pytest.raises(ValueError, match="story"):
        FixedSilence({"yes_no": 1.0, "normal": 1.0, "number": 1.0})


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(get_args(Patience)), st.floats(0, 1), st.floats(0, 1))
def test_a_likelier_end_is_never_waited_for_longer(state: Patience, one: float, other: float) -> None:
    strategy = combined()
    ordered = sorted(
        (Evidence(state, sound, TextEvidence(text)) for sound in (one, other) for text in (one, other)),
        key=strategy.finished,
    )
    waits = [strategy.patience_seconds(evidence) for evidence in ordered]
    assert all(later <= earlier for earlier, later in pairwise(waits))


def test_a_dear_cut_off_makes_patient() -> None:
    unsure = Evidence("normal", 0.6, TextEvidence(0.6))
    waits = [
        combined(LearnedRules(cut_off_cost_seconds=cost)).patience_seconds(unsure) for cost in (1.0, 3.0, 10.0, 40.0)
    ]
    assert waits == sorted(waits) and waits[0] < waits[-1]


def test_a_whole_number_is_waited_for_less_than_half_of_one() -> None:
    strategy = combined()
    whole = Evidence("number", 0.5, TextEvidence(0.5, numbers.progress("一三九零零零零一二三四")))
    half = Evidence("number", 0.5, TextEvidence(0.5, numbers.progress("一三九零零")))
    assert strategy.patience_seconds(whole) + 0.3 < strategy.patience_seconds(half)


def test_the_text_is_waited_for_while_it_is_being_recognised() -> None:
    strategy = combined(LearnedRules(cut_off_cost_seconds=1.0, text_within_seconds=0.9))
    assert strategy.patience_seconds(Evidence("normal", 0.99)) == 0.9
    assert strategy.patience_seconds(Evidence("normal", 0.99, TextEvidence(0.9))) < 0.5


def test_rules_that_contradict_themselves_are_refused() -> None:
    with pytest.raises(ValueError):
        LearnedRules(cut_off_cost_seconds=0.0)
    with pytest.raises(ValueError):
        LearnedRules(shortest_seconds=2.0, longest_seconds=1.0)


def test_pauses_have_the_published_lengths() -> None:
    assert pauses.lasting_longer(0.0) == 1.0
    shares = [pauses.lasting_longer(seconds / 10) for seconds in range(1, 40)]
    assert shares == sorted(shares, reverse=True)
    assert pauses.lasting_longer(0.2) - pauses.lasting_longer(1.0) > 0.85  # medium pauses: 0.2 to 1 s
    assert pauses.lasting_longer(3.0) < 0.001


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("一三九零零零零一二三四。", "complete"),
        ("我的电话是幺三九，零零零零，幺二三四", "complete"),
        ("139 0000 1234", "complete"),
        ("一三九零零零零", "partial"),
        ("零一零八八八八六六六六", "complete"),
        ("零一零八八八八", "partial"),
        ("六六五五四四三三", "complete"),
        ("二零二六零一零五", "partial"),  # may be the date with which an order number begins
        ("一三九零零是零一二三四", "complete"),  # one digit was misheard
        ("我家住在三号楼", "none"),
        ("第三球。", "partial"),  # short, with a digit in it: the rest was misheard
        ("没有。", "none"),
        ("", "none"),
    ],
)
def test_how_far_a_number_has_come(text: str, expected: NumberProgress) -> None:
    assert numbers.progress(text) == expected


def test_whole_sentences_are_told_from_their_beginnings(tmp_path: Path) -> None:
    things = ("居住证", "社保卡", "老年卡", "准生证", "护照", "驾驶证", "营业执照", "公积金")
    sentences = [f"我想问一下{thing}{ask}" for thing in things for ask in ("怎么办理", "需要什么材料", "在哪里办")]

    def words(sentence: str) -> list[str]:
        return [sentence[i : i + 2] for i in range(0, len(sentence), 2)]

    model = sentence_training.train(sentence_training.examples(sentences, words, lambda text, _share, _dice: text))
    model.save(tmp_path)
    loaded = SentenceModel.load(tmp_path)
    assert loaded.finished("我想问一下居住证怎么办理。") > 0.6 > 0.4 > loaded.finished("我想问一下居住证需要")
    assert loaded.finished("") == loaded.finished("。") == 0.5
    with pytest.raises(TelephonyError, match="no model of whole sentences"):
        SentenceModel.load(tmp_path / "elsewhere")


def test_features_of_a_short_sound_have_silence_in_front() -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000).astype(np.float32)
    seen = features(tone)
    assert seen.shape == (80, 800) and seen.dtype == np.float32
    assert seen[:, :690].max() < seen[:, 710:790].max() - 1.0
    assert features(np.zeros(0, np.float32)).shape == (80, 800)
    assert np.array_equal(features(np.tile(tone, 12)), features(np.tile(tone, 9)))  # only the last 8 seconds count


def test_features_of_the_sound_do_not_depend_on_how_much_silence_is_looked_at() -> None:
    noise = np.random.default_rng(1).normal(0.0, 0.1, 40_000).astype(np.float32)
    whole, part = features(noise), features(noise, 48_000)
    assert part.shape == (80, 300)
    assert np.allclose(part[:, 20:], whole[:, 520:], atol=1e-3)
    assert np.allclose(part[:, :5], whole[:, 300:305], atol=1e-3)  # silence looks alike everywhere


@pytest.mark.parametrize("sounding", [0, 1, 37, 399, 400, 1_000])
def test_every_position_of_the_window_is_stood_for_once(sounding: int) -> None:
    found = sound_graph.layout(sounding)
    assert len(found.places) == len(found.log_counts) == found.silent + found.sounding
    assert np.exp(found.log_counts).sum() == pytest.approx(sound_graph.POSITIONS)
    assert (np.diff(found.places) > 0).all() and found.places[0] >= 0 and found.places[-1] < sound_graph.POSITIONS
    assert found.places[found.silent :].tolist() == list(range(400 - min(400, sounding), 400))


def test_the_changed_graph_says_what_the_published_one_says(models: Path, shared: Path) -> None:
    """Exactly so where there is no silence to spare; where there is, no more than chance apart from it."""
    path = models / MODEL_NAME / MODEL_FILE
    require(path.is_file(), "no end-of-turn model: `hotline setup` fetches it")
    from base.onnx_runtime import onnxruntime
    from telephony.audio import read_wav, resample, silence, to_samples

    published = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    model = SoundModel(models / MODEL_NAME)
    clips = [read_wav(each) for each in sorted((shared / "eval" / "speech" / "wav8k_alaw").glob("*.wav"))[::6]]

    def apart(pcm: bytes) -> float:
        seen = features(resample(to_samples(pcm), 8_000, 16_000))
        (said,) = published.run(None, {"input_features": seen[None]})
        return abs(float(said.ravel()[0]) - model.finished(pcm))

    for clip in clips[:4]:
        assert apart((3 * clip)[-128_000:]) < 0.01
    assert np.mean([apart(clip[: len(clip) // 4 * 2] + silence(0.2)) for clip in clips]) < 0.2


def test_the_sound_model_hears_a_cut_sentence(models: Path, shared: Path) -> None:
    require((models / MODEL_NAME / MODEL_FILE).is_file(), "no end-of-turn model: `hotline setup` fetches it")
    from telephony.audio import read_wav, silence

    model = SoundModel(models / MODEL_NAME)
    speech = shared / "eval" / "speech" / "wav8k_alaw"
    whole, cut = [], []
    for path in sorted(speech.glob("*.wav"))[::8]:
        pcm = read_wav(path)
        whole.append(model.finished(pcm + silence(0.1)))
        cut.append(model.finished(pcm[: int(len(pcm) * 0.45) // 2 * 2] + silence(0.2)))
    assert np.mean(whole) > np.mean(cut) + 0.2


def test_missing_models_leave_the_next_best_strategy(tmp_path: Path) -> None:
    configured = Settings()
    configured.data.directory = tmp_path
    rules, _ = turn_rules.turn_taking(configured)
    assert rules.turn_end.name == "text"  # with the numbers, though nothing tells whole sentences
    configured.recogniser.engine = "none"
    rules, _ = turn_rules.turn_taking(configured)
    assert rules.turn_end.name == "silence"
    configured.turn_taking.end_of_turn = "silence"
    configured.recogniser.engine = "whisper"
    rules, _ = turn_rules.turn_taking(configured)
    assert isinstance(rules.turn_end, FixedSilence)


def test_a_missing_sound_model_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(TelephonyError, match="hotline models fetch"):
        SoundModel(tmp_path)
    (tmp_path / MODEL_FILE).write_bytes(b"no model")
    with pytest.raises(TelephonyError, match="cannot be loaded"):
        SoundModel(tmp_path)
