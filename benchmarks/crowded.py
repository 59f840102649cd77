"""A system that serves few calls at once, so that most of a bench's callers wait."""

from __future__ import annotations

from pathlib import Path

from hotline.trial.system import System


def crowded_system(folder: Path, *, at_once: int, places: int, notice: str = "") -> System:
    """`at_once`: calls that are served; `places`: of the waiting room; `notice`: what everybody there is told."""
    return System(
        folder / "var",
        environment={
            "HOTLINE_RASA__ENABLED": "false",
            "HOTLINE_RECOGNISER__WORKERS": "1",
            "HOTLINE_VOICE__PRERENDERED_TEXTS": "0",
            "HOTLINE_TELEPHONY__MAXIMUM_CALLS": str(at_once),
            "HOTLINE_ADMISSION__INITIAL_CALLS": str(at_once),
            "HOTLINE_ADMISSION__MINIMUM_CALLS": str(at_once),
            "HOTLINE_ADMISSION__WAITING_ROOM_PLACES": str(places),
            "HOTLINE_ADMISSION__WAITING_ROOM_NOTICE": notice,
        },
    )
