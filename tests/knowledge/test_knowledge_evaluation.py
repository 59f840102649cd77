from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from base import settings as base_settings
from base.sections.dialogue import KnowledgeSettings
from base.sections.node import DataSettings
from base.settings import Settings
from knowledge import evaluation, spoken_evaluation
from knowledge.errors import KnowledgeError
from knowledge.heard import Heard, Hearing


@pytest.fixture
def wordy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings without an embedding model: words alone, fast."""
    settings = Settings(
        data=DataSettings(directory=tmp_path / "var"),
        knowledge=KnowledgeSettings(embedding_directory=tmp_path / "none"),
    )
    monkeypatch.setattr(base_settings, "load", lambda: settings)
    return settings


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")


def folder(tmp_path: Path) -> Path:
    kit = tmp_path / "retrieval" / "kit"
    write(
        kit / "docs.jsonl",
        [{"id": "a", "text": "居住证怎么办"}, {"id": "b", "text": "公积金怎么取"}, {"id": "c", "text": "几号供暖"}],
    )
    write(
        kit / "queries.jsonl",
        [
            {"id": "1", "text": "办居住证", "gold": ["a"]},
            {"id": "2", "text": "取公积金", "gold": ["b"]},
            {"id": "3", "text": "公积金", "gold": ["c"]},
            {"id": "4", "text": "白菜多少钱", "gold": []},
        ],
    )
    return kit


def test_the_last_line_is_the_figures(wordy: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluation.retrieval_command([str(folder(tmp_path)), "--json"]) == 0
    found = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert set(found) == {"n", "recall@1", "recall@5", "recall@10", "mrr@10"}
    assert found["n"] == 3
    assert found["recall@1"] == pytest.approx(2 / 3, abs=1e-3)
    assert found["recall@5"] == 1.0
    assert 2 / 3 < found["mrr@10"] < 1.0


def test_figures_count_what_was_not_found() -> None:
    assert evaluation.figures([1, 0, 2, 11]) == {
        "n": 4, "recall@1": 0.25, "recall@5": 0.5, "recall@10": 0.5, "mrr@10": 0.375
    }  # fmt: skip
    assert evaluation.figures([])["mrr@10"] == 0.0


def test_clauses_are_known_by_their_articles(tmp_path: Path) -> None:
    clause = evaluation.Candidate("x", "养犬", "养犬规定", "第一条", "北京市地方性法规")
    assert evaluation.kind_of([clause]) == "clauses"
    assert evaluation.corpus_of([clause]).preferred.tolist() == [1.0]
    assert evaluation.kind_of([evaluation.Candidate("x", "短")]) == "questions"
    assert evaluation.kind_of([evaluation.Candidate("x", "长" * 100)]) == "passages"


@pytest.mark.parametrize("content", ["{", "[1]"])
def test_a_broken_folder_is_told_in_one_line(wordy: Settings, tmp_path: Path, content: str) -> None:
    with pytest.raises(KnowledgeError, match=r"there is no"):
        evaluation.evaluate_retrieval(tmp_path / "nowhere", wordy)
    kit = folder(tmp_path)
    (kit / "docs.jsonl").write_text(content, encoding="utf-8")
    with pytest.raises(KnowledgeError, match=r"docs.jsonl, line 1"):
        evaluation.evaluate_retrieval(kit, wordy)


def test_spoken_questions_and_places(wordy: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder(tmp_path)
    spoken = tmp_path / "spoken"
    rows: list[dict[str, Any]] = [
        {
            "id": "q",
            "kind": "question",
            "text": "办居住证",
            "kb": "kit",
            "gold": ["a"],
            "wav": "q.wav",
            "wav_mild": "m.wav",
        },
        {"id": "f", "kind": "place", "text": "我在丰台街道", "place": "丰台街道", "wav": "f.wav", "wav_mild": "f.wav"},
        {"id": "b", "kind": "place", "text": "我在丰台", "place": "丰台街道", "wav": "b.wav", "wav_mild": "b.wav"},
    ]
    write(spoken / "manifest.jsonl", rows)
    heard = {"q.wav": "办具住正", "m.wav": "办居住证", "f.wav": "我在丰台街道", "b.wav": "我在月球"}
    monkeypatch.setattr(Heard, "file", lambda _self, path: Hearing(heard[path.name]))
    found = spoken_evaluation.evaluate(spoken, wordy)
    assert set(found["question"]["kit"]) == {"noisy", "mild", "typed"}
    assert found["question"]["kit"]["noisy"]["n"] == 1
    assert found["question"]["kit"]["noisy"]["recall@1"] == 1.0
    assert found["question"]["kit"]["noisy"]["cer"] == 0.5
    assert found["question"]["kit"]["mild"]["cer"] == 0.0
    assert found["place"]["full"]["noisy"] == {"n": 1, "rank1": 1.0, "rank3": 1.0}
    assert found["place"]["bare"]["noisy"]["rank1"] == 0.0
