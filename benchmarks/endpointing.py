"""When is a turn over, and who silences the bot? `python -m benchmarks.endpointing`; results are synthetic.

Turns are read speech of `shared/eval/speech` (beside the repository) with spliced pauses, barge-in sounds are clips,
our own voice and formulas: see `endpointing_speech` and `barge_in_sounds`. Every strategy's whole curve of cut-offs
against waiting is printed for the testing part; the point marked `<` is the one with the least waiting at no more than
`--cut-offs` on the choosing part. Weights of the learned strategies were fitted on the choosing part (`--fit` fits
them anew and prints them). What recogniser and sound model said is kept in `var/benchmarks/endpointing`.

* **cut off**: share of turns that were declared over while the caller had not finished.
* **wait**: from the caller's last sound to the declared end, mean over the turns that were not cut off; **words**:
  until the recognised text is there as well, with the recogniser to itself.
* **silent**: from the beginning of an interruption (its level within 25 dB of the speech) to silence on the line.
* a back-channel or noise **stops** the bot where it does not go on by itself with the same sentence; it **pauses** it
  where it falls silent for a moment and goes on. Both are told.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from asr_models import factory
from base import settings
from base.settings import ROOT
from benchmarks import barge_in_replay, barge_in_sounds, conditions, endpointing_fit, endpointing_speech
from benchmarks.endpointing_evidence import Evidence
from benchmarks.endpointing_replay import Outcome, Replay, Timing, outcome, replays
from telephony.turn_end.learned import Learned, LearnedRules, LearnedWeights
from telephony.turn_end.pauses import LONG_SHARE
from telephony.turn_end.sentence_model import SentenceModel
from telephony.turn_end.silence import FixedSilence
from telephony.turn_end.sound_model import MODEL_NAME, SoundModel
from telephony.turn_end.strategy import TurnEnd
from telephony.turn_end.weights import WEIGHTS
from telephony.turn_rules import SENTENCES_FOLDER, rules_with
from telephony.turn_taking import DEFAULT_PATIENCE_SECONDS

FOLDER: Final = ROOT / "var" / "benchmarks" / "endpointing"
_SEED: Final = 7
_COSTS: Final = (1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 8.0, 10.0, 14.0, 20.0, 30.0)
_SCALES: Final = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.35, 1.5, 1.7)
SOUND_CPU_SECONDS: Final = 0.011


@dataclass(frozen=True)
class Point:
    """One setting of a strategy on one part; rates 0..1, seconds, CPU seconds a turn."""

    setting: float
    cut_off: float
    wait: float
    wait_p50: float
    words: float
    cpu: float


def measure(
    part: Sequence[Replay], setting: float, strategy: TurnEnd, sentences: SentenceModel, timing: Timing
) -> Point:
    outcomes = [outcome(each, strategy, timing, sentences) for each in part if not each.missed]
    return Point(
        setting,
        cut_off=_mean([float(each.cut) for each in outcomes]),
        wait=_mean([each.wait_seconds for each in outcomes if not each.cut]),
        wait_p50=conditions.percentile([each.wait_seconds for each in outcomes if not each.cut], 0.5) or 0.0,
        words=_mean([each.text_seconds for each in outcomes if not each.cut]),
        cpu=_mean([_cpu(each) for each in outcomes]),
    )


def _cpu(each: Outcome) -> float:
    return each.recognition_seconds + SOUND_CPU_SECONDS * each.sounds_asked


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / max(1, len(values)), 4)


def curves(weights: LearnedWeights, rules: LearnedRules) -> dict[str, list[tuple[float, TurnEnd]]]:
    """Every strategy with every setting: seconds or scale for silence, the cost of a cut-off for the learned ones."""

    def learned(*, sound: bool, text: bool) -> list[tuple[float, TurnEnd]]:
        return [
            (cost, Learned(weights, replace(rules, cut_off_cost_seconds=cost), sound=sound, text=text))
            for cost in _COSTS
        ]

    states = DEFAULT_PATIENCE_SECONDS
    return {
        "silence, one value": [(each, FixedSilence(dict.fromkeys(states, each))) for each in _SCALES],
        "silence by state": [
            (each, FixedSilence({state: each * seconds for state, seconds in states.items()})) for each in _SCALES
        ],
        "sound": learned(sound=True, text=False),
        "text": learned(sound=False, text=True),
        "combined": learned(sound=True, text=True),
    }


def chosen_point(points: Sequence[Point], cut_offs: float) -> Point:
    """The least waiting with no more cut-offs than that; the fewest cut-offs where none has so few."""
    good = [point for point in points if point.cut_off <= cut_offs]
    return min(good, key=lambda point: point.wait) if good else min(points, key=lambda point: point.cut_off)


def table(name: str, choosing: Sequence[Point], testing: Sequence[Point], chosen: Point) -> list[str]:
    lines = [f"{name}", "  setting  cut off   wait  (p50)  words  CPU s a turn   [choosing: cut off, wait]"]
    for before, after in zip(choosing, testing, strict=True):
        mark = "<" if before.setting == chosen.setting else " "
        lines.append(
            f"  {after.setting:7.2f}  {after.cut_off:6.1%}  {after.wait:5.2f}  {after.wait_p50:5.2f}"
            f"  {after.words:5.2f}  {after.cpu:8.2f} {mark}        [{before.cut_off:6.1%}, {before.wait:5.2f}]"
        )
    return lines


def barge_in_lines(result: dict[str, Any]) -> list[str]:
    first = result["interruptions"]
    lines = [
        f"barge-in: silent p50 {first['silent_p50_seconds'] * 1000:.0f} ms,"
        f" p95 {first['silent_p95_seconds'] * 1000:.0f} ms (n {first['n']}),"
        f" never silent {first['never_silent']:.1%}, sentence given up {first['sentence_given_up']:.1%}"
    ]
    for kind in ("back_channel", "noise"):
        each = result[kind]
        lines.append(
            f"  {kind}: stops the bot {each['did_not_go_on']:.1%}, pauses it {each['paused']:.1%}"
            f" (silent for p50 {each['gap_p50_seconds']} s, p95 {each['gap_p95_seconds']} s), n {each['n']}"
        )
    return lines


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    told = conditions.Conditions()
    configured = settings.load()
    recogniser = factory.load(configured)
    sentences = SentenceModel.load(configured.models / SENTENCES_FOLDER)
    evidence = Evidence(FOLDER, SoundModel(configured.models / MODEL_NAME), recogniser)
    voice = endpointing_speech.Voice(configured.models, FOLDER / "voice")
    parts: dict[str, list[Replay]] = {}
    for part in endpointing_speech.SPEAKERS:
        turns = endpointing_speech.turns(part, arguments.turns, arguments.speech, voice)
        print(f"endpointing: {len(turns)} turns for {part} …", file=sys.stderr, flush=True)
        opinions = [evidence.of(turn) for turn in turns]
        evidence.save()
        parts[part] = list(replays(turns, opinions, arguments.drawings, _SEED, arguments.long_share))
    weights = WEIGHTS
    if arguments.fit:
        weights = endpointing_fit.fit([each for each in parts["choosing"] if not each.missed], sentences)
        print(endpointing_fit.as_code(weights))
    rules = LearnedRules(
        shortest_seconds=configured.turn_taking.shortest_wait_seconds,
        longest_seconds=configured.turn_taking.longest_wait_seconds,
        longest_patient_seconds=configured.turn_taking.longest_patient_wait_seconds,
        text_within_seconds=configured.turn_taking.text_within_seconds,
    )
    result: dict[str, Any] = {"synthetic": True, "turns": arguments.turns, "drawings": arguments.drawings, "curves": {}}
    for name, settings_of in curves(weights, rules).items():
        points = {
            part: [measure(parts[part], value, strategy, sentences, Timing()) for value, strategy in settings_of]
            for part in parts
        }
        chosen = chosen_point(points["choosing"], arguments.cut_offs)
        print("\n".join(table(name, points["choosing"], points["testing"], chosen)), flush=True)
        result["curves"][name] = {
            "chosen": chosen.setting,
            **{part: [asdict(point) for point in each] for part, each in points.items()},
        }
    rules_now = rules_with(configured.turn_taking, FixedSilence(DEFAULT_PATIENCE_SECONDS))
    result["barge_in"] = {}
    for part in endpointing_speech.SPEAKERS:
        sounds = barge_in_sounds.sounds(part, arguments.speech, voice)
        result["barge_in"][part] = barge_in_replay.summary(list(barge_in_replay.replay(sounds, rules_now, recogniser)))
        print(f"{part}: " + "\n".join(barge_in_lines(result["barge_in"][part])), flush=True)
    result["conditions"] = told.told()
    return result


def command(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.endpointing", description=__doc__)
    parser.add_argument("--speech", type=Path, default=ROOT.parent / "shared" / "eval" / "speech")
    parser.add_argument("--turns", type=int, default=120, help="base turns of each part")
    parser.add_argument("--drawings", type=int, default=6, help="how often the pauses of each turn are drawn")
    parser.add_argument("--cut-offs", type=float, default=0.05, help="the most that is chosen for")
    parser.add_argument("--long-share", type=float, default=LONG_SHARE, help="share of long pauses in the speech")
    parser.add_argument("--fit", action="store_true", help="fit the weights anew and print them")
    arguments = parser.parse_args(argv)
    if not (arguments.speech / "manifest.jsonl").is_file():
        print(f"endpointing: no speech at {arguments.speech}, nothing is measured", file=sys.stderr)
        return 0
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    result = run(arguments)
    print("\n".join(conditions.lines(result["conditions"])))
    print(f"written to {conditions.write('endpointing', result).relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(command(sys.argv[1:]))
