"""The bench of danger in misheard words counts every opening once, typed and heard, in the half that it belongs to."""

from __future__ import annotations

from benchmarks.danger_heard import Heard, Told, table


def told(said: str, take: int, *, danger: bool, alarm: bool) -> Told:
    return Told(Heard(said, danger, take, said, 0.9), alarm, not alarm and not danger)


def test_recall_and_false_alarms_of_either_half() -> None:
    sentences = [f"第{number}句" for number in range(40)]
    halves = {said: Heard(said, True, -1, said, 1.0).half for said in sentences}
    assert set(halves.values()) == {"dev", "test"}
    found = []
    for number, said in enumerate(sentences):
        danger = number % 2 == 0
        found += [told(said, -1, danger=danger, alarm=danger), told(said, 0, danger=danger, alarm=not danger)]
    rows = {(row["half"], row["way"]): row for row in table(found)}
    for half in ("dev", "test"):
        typed, heard = rows[half, "typed"], rows[half, "heard"]
        assert typed["dangers"] + typed["others"] == sum(one == half for one in halves.values())
        assert (typed["recall"], typed["false_alarms"], typed["cautions"]) == (1.0, 0.0, 1.0)
        assert (heard["recall"], heard["false_alarms"], heard["cautions"]) == (0.0, 1.0, 0.0)
