"""Fine-tuning on labelled letters, with a tiny random model that is made here."""

from __future__ import annotations

import random
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from base.errors import HotlineError
from workorders.letter_model import Floats, Letter
from workorders.letter_tuning import Course, Progress, TunedReader

COURSE = Course(top_layers=2, epochs=20, batch_letters=6, layers_rate=1e-2, head_rate=5e-2)
SUBJECTS = {"供水": "停水龙头管漏", "噪声": "工地施吵睡夜", "教育": "学校补课费老"}
OTHERS = "我们小区请领导尽快处理谢反映多次无人关心了的在有"


def _letters(count: int, seed: int) -> tuple[list[Letter], list[str]]:
    """Letters of 6 to 12 characters; four of each one's belong to its subject."""
    chance = random.Random(seed)
    letters, labels = [], []
    for number in range(count):
        label = list(SUBJECTS)[number % len(SUBJECTS)]
        text = chance.choices(SUBJECTS[label], k=4) + chance.choices(OTHERS, k=chance.randint(2, 8))
        chance.shuffle(text)
        letters.append(Letter("".join(text[:3]) if number % 2 else "", "".join(text)))
        labels.append(label)
    return letters, labels


LETTERS, LABELS = _letters(36, seed=1)
ASKED, EXPECTED = _letters(30, seed=2)


@pytest.fixture(autouse=True)
def one_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads of so small a network would only wait for each other, on a busy machine for seconds."""
    monkeypatch.setattr("os.cpu_count", lambda: 1)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of three layers, with random weights and a token for each character."""
    import torch
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    characters = sorted(set("".join(SUBJECTS.values()) + OTHERS + "。"))
    vocabulary = {token: number for number, token in enumerate(["<pad>", "<unk>", *characters])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    folder = tmp_path_factory.mktemp("models") / "tiny"
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>").save_pretrained(folder)
    shape = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=170,
        pad_token_id=0,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        BertModel(shape).save_pretrained(folder)
    return folder


def _fitted(directory: Path, *, kept_in: Path | None = None, progress: Progress | None = None) -> TunedReader:
    return TunedReader(directory, course=COURSE, kept_in=kept_in, progress=progress).fit(LETTERS, LABELS)


def _said(probabilities: Floats) -> list[str]:
    return [sorted(SUBJECTS)[index] for index in probabilities.argmax(axis=1)]


def test_it_learns_and_two_times_the_same(directory: Path) -> None:
    lines: list[str] = []
    reader = _fitted(directory, progress=lines.append)
    told = reader.log_probabilities(ASKED)
    assert told.shape == (30, 3) and told.dtype == np.float32
    assert np.allclose(np.exp(told).sum(axis=1), 1.0, atol=1e-5)
    right = np.mean([said == label for said, label in zip(_said(told), EXPECTED, strict=True)])
    assert right >= 0.8  # by chance 0.33
    assert np.array_equal(_fitted(directory).log_probabilities(ASKED), told)

    assert "36 letters read by 1 layers" in lines[0]
    assert [line.split(", ")[0] for line in lines[1:]] == [f"fine-tuning: epoch {n} of 20" for n in range(1, 21)]
    losses = [float(line.split("loss ")[1].split(",")[0]) for line in lines[1:]]
    assert losses[-1] < losses[0] / 2 and lines[-1].endswith(" s")


def test_a_letter_alone_is_read_as_among_others(directory: Path) -> None:
    reader = _fitted(directory)
    together = reader.log_probabilities(ASKED)
    alone = np.concatenate([reader.log_probabilities([letter]) for letter in ASKED])
    assert np.allclose(together, alone, atol=1e-3)  # the lower layers' states are kept in 16 bits
    assert reader.log_probabilities([]).shape == (0, 3)
    assert reader.log_probabilities([Letter("", "水" * 1_000)]).shape == (1, 3)  # longer than the model reads


def test_what_was_learned_is_kept(directory: Path, tmp_path: Path) -> None:
    kept_in, lines = tmp_path / "cache", list[str]()
    told = _fitted(directory, kept_in=kept_in).log_probabilities(ASKED)
    (kept,) = kept_in.iterdir()
    again = _fitted(directory, kept_in=kept_in, progress=lines.append)
    assert np.array_equal(again.log_probabilities(ASKED), told)
    assert len(lines) == 1 and str(kept) in lines[0]

    kept.write_bytes(b"torn")
    lines.clear()
    again = _fitted(directory, kept_in=kept_in, progress=lines.append)
    assert len(lines) == 21 and np.array_equal(again.log_probabilities(ASKED), told)

    other = TunedReader(directory, course=Course(epochs=1, batch_letters=6), kept_in=kept_in)
    other.fit(LETTERS, LABELS).fit(LETTERS, LABELS[::-1])
    assert len(list(kept_in.glob("tuned-*.pt"))) == len(list(kept_in.iterdir())) == 3


def test_a_folder_that_cannot_be_written_costs_nothing_that_was_learned(directory: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    lines: list[str] = []
    assert _fitted(directory, kept_in=tmp_path / "file", progress=lines.append).log_probabilities(ASKED).any()
    assert "could not be kept" in lines[-1]


def test_torch_is_left_as_it_was(directory: Path) -> None:
    import torch

    before, within = torch.get_num_threads(), set[int]()
    torch.set_num_threads(3)
    try:
        state = torch.random.get_rng_state()
        chance = random.getstate()
        _fitted(directory, progress=lambda line: within.add(torch.get_num_threads())).log_probabilities(ASKED)
        assert torch.equal(torch.random.get_rng_state(), state) and random.getstate() == chance
        assert within == {1} and torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_a_model_that_is_missing_or_cannot_be_used(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = tmp_path / "nowhere"
    with pytest.raises(HotlineError, match=f"none is in {missing}: run `hotline setup`"):
        _fitted(missing)

    other = shutil.copytree(directory, tmp_path / "torn")
    (other / "config.json").write_text("{}", "utf-8")
    with pytest.raises(HotlineError, match="cannot be loaded"):
        _fitted(other)

    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(HotlineError, match="fine-tuning needs torch"):
        _fitted(directory)


def test_a_model_of_another_kind(directory: Path, tmp_path: Path) -> None:
    from transformers import DistilBertConfig, DistilBertModel

    other = shutil.copytree(directory, tmp_path / "other")
    DistilBertModel(DistilBertConfig(vocab_size=60, dim=16, n_layers=1, n_heads=2, hidden_dim=16)).save_pretrained(
        other
    )
    with pytest.raises(HotlineError, match="is no BERT"):
        _fitted(other)


def test_a_reader_that_was_not_trained(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="fit"):
        TunedReader(tmp_path).log_probabilities(ASKED)
    with pytest.raises(ValueError, match="0 letters"):
        TunedReader(tmp_path).fit([], [])
