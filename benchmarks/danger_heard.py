"""How well danger is told from what a recogniser made of it: `python -m benchmarks.danger_heard KIT… [--takes 2]`.

The openings of dialogue kits are said by our voice, telephoned and recognised (`hotline.spoken_dialogue`), `--takes`
times each with another speed and noise, and read by guards, meaning and intent as in a first turn. Every sentence
belongs to one of two halves: on `dev` limits may be chosen, `test` is to be reported. Not all emergencies of a kit
tell the danger in their opening. What was recognised is remembered in `var/benchmarks/danger_heard.json`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from base import settings as base_settings
from base.errors import HotlineError
from base.settings import Settings
from benchmarks.conditions import RESULTS
from bot import fallback, guards, reading
from bot.danger import Danger, MeaningReader
from bot.decision import Findings, Understood, Wanted
from bot.policy import alarm
from conversations.evaluation import read_cases
from hotline.spoken_dialogue import Telephone
from knowledge.service import readers_encoder_of

_REMEMBERED: Final = RESULTS / "danger_heard.json"
_SAVE_EVERY: Final = 20


@dataclass(frozen=True, slots=True)
class Heard:
    """One opening, typed (`take` -1) or heard; `confidence` is the recogniser's, 1 of what is typed."""

    said: str
    danger: bool
    take: int
    text: str
    confidence: float

    @property
    def half(self) -> str:
        return "dev" if sha256(self.said.encode()).digest()[0] % 2 else "test"


@dataclass(frozen=True, slots=True)
class Told:
    """What the readers said of it: was an alarm raised, the caution given."""

    heard: Heard
    alarm: bool
    caution: bool


def openings(kits: Sequence[Path]) -> list[tuple[str, bool]]:
    found: dict[str, bool] = {}
    for kit in kits:
        for case in read_cases(kit):
            found[case.opening] = bool(case.expect.get("emergency_line"))
    return list(found.items())


async def heard(settings: Settings, said: Sequence[tuple[str, bool]], takes: int) -> list[Heard]:
    """Typed and heard `takes` times each."""
    remembered = json.loads(_REMEMBERED.read_text(encoding="utf-8")) if _REMEMBERED.is_file() else {}
    engine = settings.recogniser.model_dump_json()
    telephone = Telephone(settings)
    rows = [Heard(text, danger, -1, text, 1.0) for text, danger in said]
    try:
        for take in range(takes):
            for number, (text, danger) in enumerate(said):
                key = sha256(f"{engine}|{take}|{text}".encode()).hexdigest()
                if key not in remembered:
                    recognition, _ = await telephone.hear(text, "story", before=take)
                    remembered[key] = [recognition.text, recognition.confidence]
                    if number % _SAVE_EVERY == 0:
                        _REMEMBERED.write_text(json.dumps(remembered, ensure_ascii=False), encoding="utf-8")
                rows.append(Heard(text, danger, take, *remembered[key]))
    finally:
        telephone.close()
        RESULTS.mkdir(parents=True, exist_ok=True)
        _REMEMBERED.write_text(json.dumps(remembered, ensure_ascii=False), encoding="utf-8")
    return rows


def told(settings: Settings, rows: Sequence[Heard]) -> list[Told]:
    """What the readers say of each as the first words about a matter."""
    encoder = readers_encoder_of(settings)
    encoder.load()
    meaning = MeaningReader.load(encoder, settings.var / "index")
    intents = fallback.load(settings, encoder=encoder)
    found = []
    for row in rows:
        text = reading.normalise(row.text)
        ranking = intents.classify(text, encoder.layers([text])[0]) if text else ()
        understood = Understood(*ranking[0], ranking) if ranking else Understood("none", 0.0)
        findings = Findings(guards.check(text))
        findings = findings.add(Wanted("understand", (text,)), understood)
        findings = findings.add(Wanted("danger", (text,)), meaning.read(text) if text else Danger())
        raised = alarm.raised(text, findings, in_talk=False)
        found.append(Told(row, bool(raised.line), raised.doubtful))
    return found


def table(found: Sequence[Told]) -> list[dict[str, Any]]:
    """Recall and false alarms, 0..1, of either half, typed and heard; the caution counts where no alarm was raised."""
    rows = []
    for half in ("dev", "test"):
        for typed in (True, False):
            here = [one for one in found if one.heard.half == half and (one.heard.take < 0) == typed]
            dangers = [one for one in here if one.heard.danger]
            others = [one for one in here if not one.heard.danger]
            rows.append(
                {
                    "half": half,
                    "way": "typed" if typed else "heard",
                    "dangers": len(dangers),
                    "others": len(others),
                    "recall": round(sum(one.alarm for one in dangers) / max(1, len(dangers)), 3),
                    "false_alarms": round(sum(one.alarm for one in others) / max(1, len(others)), 3),
                    "cautions": round(sum(one.caution for one in others) / max(1, len(others)), 3),
                }
            )
    return rows


def command(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.danger_heard", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("kits", type=Path, nargs="+", help="folders with cases.jsonl")
    parser.add_argument("--takes", type=int, default=1, help="so often is each opening said")
    arguments = parser.parse_args(argv)
    settings = base_settings.load()
    try:
        rows = asyncio.run(heard(settings, openings(arguments.kits), arguments.takes))
    except HotlineError as error:
        print(f"the openings were not heard: {error}")
        return 1
    for row in table(told(settings, rows)):
        print(json.dumps(row))
    return 0


if __name__ == "__main__":
    raise SystemExit(command(sys.argv[1:]))
