"""How wordings that nobody taught are told: the measure, and that the kit stays what it says it is."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from knowledge import samples
from knowledge.entry import read_folder
from knowledge.errors import KnowledgeError
from knowledge.paraphrase_evaluation import Case, Told, figures, read_cases
from knowledge.training import CALIBRATION

KIT = Path(__file__).with_name("paraphrases") / "2026_11_27.jsonl"


def _told(kind: str, gold: str, verdict: str, place: int, chance: float) -> Told:
    return Told(Case("1", kind, "?", frozenset({gold} if gold else ())), verdict, place, chance, "x")


def test_the_figures_count_what_a_citizen_is_told() -> None:
    found = [
        _told("typed", "a", "answer", 1, 0.9),  # right at once
        _told("typed", "a", "choose", 3, 0.5),  # among the three that are named
        _told("typed", "a", "choose", 4, 0.5),  # not among them
        _told("spoken", "a", "answer", 2, 0.8),  # wrong, and given as sure
        _told("spoken", "a", "unknown", 1, 0.1),  # refused, though it was found
        _told("foreign", "", "unknown", 0, 0.05),
        _told("unanswered", "", "answer", 0, 0.7),
    ]
    result = figures(found)
    assert (result["n"], result["at_once"], result["within_three"], result["wrong_as_sure"]) == (5, 0.2, 0.4, 0.2)
    assert result["refused"] == 0.2
    assert result["foreign"] == {"n": 1, "refused": 1.0, "as_sure": 0.0, "refused_at_90": 1.0}
    assert result["unanswered"] == {"n": 1, "refused": 0.0, "as_sure": 1.0, "refused_at_90": 0.0}


def test_the_kit_names_entries_that_exist_and_repeats_none_of_what_is_learned_from() -> None:
    entries = {entry.id: entry for entry in read_folder(samples.FOLDER)}
    cases = read_cases(KIT)
    assert len([case for case in cases if case.gold]) >= 150
    assert len({gold for case in cases for gold in case.gold}) >= 120
    assert {gold for case in cases for gold in case.gold} <= set(entries)
    known = yaml.safe_load(CALIBRATION.read_text(encoding="utf-8"))
    taught = {row["text"] for row in known["answered"]} | set(known["unanswered"]) | set(known["foreign"])
    taught |= {wording for entry in entries.values() for wording in entry.wordings}
    assert not taught & {case.text for case in cases}


@pytest.mark.parametrize(
    "line",
    [
        '{"id": "1", "kind": "shouted", "text": "怎么办", "gold": ["a"]}',
        '{"id": "1", "kind": "typed", "text": "怎么办", "gold": []}',
        '{"id": "1", "kind": "foreign", "text": "怎么办", "gold": ["a"]}',
        '{"id": "1", "kind": "foreign", "text": "怎么办", "gold": []}',
    ],
)
def test_a_file_that_measures_nothing_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "cases.jsonl").write_text(line, encoding="utf-8")
    with pytest.raises(KnowledgeError):
        read_cases(tmp_path / "cases.jsonl")
