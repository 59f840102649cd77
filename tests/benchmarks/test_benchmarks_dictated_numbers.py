"""The drawing of dictated numbers says the number it stands for, in every style."""

from __future__ import annotations

from benchmarks.dictated_numbers import STYLES, draw, judged


def test_every_style_tells_its_number() -> None:
    drawn = draw(160, 3, (0.9, 1.1))
    numbers = [one for one in drawn if one.number]
    assert {one.style for one in numbers} == set(STYLES) and len(numbers) == 160
    assert [judged(one.number, one.spoken.text) for one in numbers] == ["whole"] * 160
    assert {judged("", one.spoken.text) for one in drawn if not one.number} == {"kept"}


def test_the_drawing_depends_on_nothing_but_its_arguments() -> None:
    assert draw(8, 3, (0.9, 1.1)) == draw(8, 3, (0.9, 1.1)) != draw(8, 4, (0.9, 1.1))
