"""A number that was asked for is read as digits, anything else as what it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from asr_models.recogniser import Recognition, Samples, Utterance
from asr_models.whisper import Whisper
from asr_models.whisper_digits import is_trusted, is_whole, is_worth_reading, prefixes
from hotline.trial.voice import CallerVoice
from telephony.audio import RATE_HZ, alaw_to_pcm, pcm_to_alaw, read_wav, to_pcm, to_samples

NUMBERS = ("一九七八。", "八八三四。", "一七二九零八六二七四八。", "一六六一四八八三六零八。")
OTHERS = ("我没有电话。", "用来电的号码就行。", "八点以后打。", "您再说一遍。")


def test_what_stands_before_a_number_is_tried_from_the_likeliest_beginning() -> None:
    assert list(prefixes("我的电话是要三期二五")) == ["我的电话是", "我的电话是要", "我的电话"]
    assert list(prefixes("你记一下，一三九零零零零")) == ["你记一下", "你记一"], "not the first numeral counts"
    assert list(prefixes("爸爸生存")) == [""]
    assert list(prefixes("有六三五")) == ["", "有"]


def test_only_what_may_be_a_number_is_read_again() -> None:
    assert is_worth_reading("爸爸生存") and is_worth_reading("我的电话是要三期二五九二七要三九")
    assert is_worth_reading("")
    assert not is_worth_reading("我住在朝阳区望京街道，三号楼的暖气一直不热")
    assert not is_worth_reading("你们能不能快一点派人来看看")


def test_digits_are_trusted_where_the_sound_supports_them_and_they_say_it_all() -> None:
    assert is_trusted("爸爸生存", -0.7, "", "八八三四", -0.2, 1.2)
    assert not is_trusted("我不想说", -0.3, "", "零一二三", -1.4, 1.2), "the sound does not support them"
    assert not is_trusted("我记不清了", -0.4, "", "零" * 9, -0.1, 3.0), "a decoder's loop"
    assert not is_trusted("一三九零零零零一二三四不对是五", -0.2, "", "一三九零零零零一二三四", -0.1, 4.0), (
        "a part only"
    )
    assert not is_trusted("好", -0.5, "", "八", -0.1, 0.5), "one digit is no number"
    assert not is_trusted("一二三四", -0.5, "", "一二三四一二三四一二", -0.1, 1.0), "nobody speaks that fast"
    assert not is_trusted("四十二号某九零三室", -0.4, "四十二号", "九零三四", -0.1, 3.0), "too short behind words"
    assert not is_trusted("我的电话是幺三九零零零零一二三四", -0.2, "我的电话", "三九零零零零一二三四", -0.1, 4.0)
    assert is_trusted("那个一三九四个零八四", -0.4, "那个", "一三九四个零八四三零", -0.1, 4.0)
    assert is_whole("一三九零零零零一二三四") and not is_whole("一三九")
    assert is_whole("一三九四个零一二三四") and not is_whole("一三九个零零零零一二三")


@pytest.fixture(scope="module")
def said(models: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Samples]:
    voice = CallerVoice(models, tmp_path_factory.mktemp("spoken"))
    noise = np.random.default_rng(7)

    def by_telephone(text: str) -> Samples:
        pcm = to_samples(read_wav(voice.say(text, speed=0.9)))
        line = np.concatenate([np.zeros(2_400, np.float32), 0.5 * pcm, np.zeros(3_000, np.float32)])
        line += noise.normal(0.0, 0.004, len(line)).astype(np.float32)
        return to_samples(alaw_to_pcm(pcm_to_alaw(to_pcm(line))))

    return {text: by_telephone(text) for text in (*NUMBERS, *OTHERS)}


def test_numbers_by_telephone_are_read_and_answers_in_words_stay(
    whisper_directory: Path, said: dict[str, Samples]
) -> None:
    whisper = Whisper(whisper_directory)

    def read(text: str, *, digits: bool) -> str:
        (outcome,) = whisper.recognise_many(
            [Utterance(said[text], RATE_HZ, expected="digits" if digits else "anything")]
        )
        assert isinstance(outcome, Recognition)
        return outcome.text

    right = [text for text in NUMBERS if read(text, digits=True) == text.removesuffix("。")]
    assert len(right) >= 3, right
    for text in OTHERS:
        assert read(text, digits=True) == read(text, digits=False)
