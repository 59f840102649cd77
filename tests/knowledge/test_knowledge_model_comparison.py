"""Models and rerankers measured on one's own questions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from knowledge_helpers import MODEL
from needs import require

from knowledge import model_comparison
from knowledge.cli import command
from knowledge.entry import Entry
from knowledge.errors import KnowledgeError


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    rows = [
        {"text": "暖气啥时候开", "gold": ["heating"]},
        {"text": "外地来的怎么办居住证", "gold": ["residence"]},
        {"text": "楼上装修吵死了", "gold": ["noise"]},
        {"text": "没有的条目", "gold": ["gone"]},
        {"text": "谁也答不了", "gold": []},
    ]
    path = tmp_path / "questions.jsonl"
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return path


def test_a_model_is_measured_by_path_and_a_reranker_orders_what_it_found(
    entries: list[Entry], questions: Path, tmp_path: Path
) -> None:
    require((MODEL / "modules.json").is_file(), "no embedding model: run `make setup`")
    asked = model_comparison.read_questions(questions, entries)
    assert len(asked) == 3
    found, ranker = model_comparison.measure_embedding(MODEL, entries, asked)
    assert found.recall_at_5 == 1.0
    assert found.megabytes > 1 and found.milliseconds_a_question > 0

    wrong = model_comparison.measure_reranker(
        tmp_path, entries, asked, ranker, lambda _text, texts: [float("充电" in text) for text in texts]
    )
    assert wrong.recall_at_1 == 0.0  # whatever it puts first counts, right or wrong
    shown = model_comparison.table([wrong, found]).splitlines()
    assert shown[1].endswith(MODEL.name)


def test_a_folder_without_a_model_is_named(tmp_path: Path, entries: list[Entry], questions: Path) -> None:
    asked = model_comparison.read_questions(questions, entries)
    with pytest.raises(KnowledgeError, match=str(tmp_path)):
        model_comparison.measure_embedding(tmp_path, entries, asked)


def test_the_command_prints_a_row_for_each_model(
    entries: list[Entry],
    questions: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    require((MODEL / "modules.json").is_file(), "no embedding model: run `make setup`")
    written = tmp_path / "entries"
    written.mkdir()
    text = json.dumps([entry.model_dump(mode="json") for entry in entries], ensure_ascii=False)
    (written / "all.yml").write_text(text, encoding="utf-8")  # JSON is YAML
    copied = tmp_path / "another-model"
    copied.symlink_to(MODEL)
    monkeypatch.setenv("HOTLINE_DATA__DIRECTORY", str(tmp_path / "var"))
    monkeypatch.setenv("HOTLINE_KNOWLEDGE__EMBEDDING_DIRECTORY", str(MODEL))
    (tmp_path / "var").mkdir()
    options = [str(questions), "--entries", str(written), "--model", str(copied), "--json"]
    assert command(["compare-models", *options]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert [row["model"] for row in json.loads(printed[-1])] == [MODEL.name, "another-model"]
