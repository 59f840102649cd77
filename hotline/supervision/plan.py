"""Which processes a start with these settings has, and what is left out and why."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from base.settings import ROOT, Settings
from hotline.supervision.specification import ProcessSpecification

RASA_ENVIRONMENT: Final = ROOT / ".venv-rasa"
RASA_SERVER: Final = ROOT / "bot" / "rasa" / "serve.py"
RASA_MODEL: Final = "rasa/nlu.tar.gz"

# One thread a process: more threads in one model take the cores from the calls and gain next to nothing.
_COMMON: Final = {
    "PYTHONUNBUFFERED": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "MALLOC_ARENA_MAX": "2",
    # Models lie on the disk; nothing is asked of a model hub while serving.
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "ORT_DISABLE_TELEMETRY": "1",  # see base/onnx_runtime.py
}
_RASA: Final = {
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "2",
    "CUDA_VISIBLE_DEVICES": "-1",
    "SANIC_WORKERS": "1",
    "RASA_TELEMETRY_ENABLED": "false",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "PYTHONWARNINGS": "ignore",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """`left_out`: one sentence for each part that will not run."""

    processes: tuple[ProcessSpecification, ...]
    left_out: tuple[str, ...]


def make(settings: Settings, *, rasa_environment: Path = RASA_ENVIRONMENT) -> Plan:
    """The processes in the order of need; all are started at once, each waits for the others by itself."""
    python = sys.executable
    processes = [
        ProcessSpecification(
            "core", (python, "-m", "gateway.main"), _COMMON, essential=True, stop_seconds=10.0, stop_rank=0, drains=True
        )
    ]
    left_out: list[str] = []
    if settings.telephony.enabled:
        processes.append(
            ProcessSpecification(
                "phone",
                (python, "-m", "telephony.phone"),
                _COMMON,
                stop_seconds=8.0,
                stop_rank=1,
                drains=True,
                awaited=True,
            )
        )
        processes += _speech(settings, python, left_out)
    else:
        left_out.append("the phone is switched off (telephony.enabled)")
    processes += _rasa(settings, rasa_environment, left_out)
    return Plan(tuple(processes), tuple(left_out))


def _speech(settings: Settings, python: str, left_out: list[str]) -> list[ProcessSpecification]:
    processes = []
    if settings.recogniser.engine == "none":
        left_out.append("no recogniser (recogniser.engine: none): the phone takes calls by keypad and call-back")
    else:
        processes += [
            ProcessSpecification(
                f"recogniser-{number}", (python, "-m", "asr_models.server", str(number)), _COMMON, stop_seconds=4.0
            )
            for number in range(settings.recogniser.workers)
        ]
    if settings.voice.engine == "none":
        left_out.append("no voice (voice.engine: none): callers hear only what was rendered before")
    else:
        processes.append(
            ProcessSpecification("renderer", (python, "-m", "telephony.renderer"), _COMMON, stop_seconds=4.0)
        )
    return processes


def _rasa(settings: Settings, environment: Path, left_out: list[str]) -> list[ProcessSpecification]:
    python, model = environment / "bin" / "python", settings.models / RASA_MODEL
    if not settings.rasa.enabled:
        left_out.append("Rasa is switched off (rasa.enabled): the built-in classifier understands instead")
        return []
    if not python.exists() or not model.exists():
        left_out.append("Rasa is not set up (it needs a Python 3.10): the built-in classifier understands instead")
        return []
    serve = (str(python), str(RASA_SERVER), "--model", str(model), "--port", str(settings.rasa.port))
    return [ProcessSpecification("rasa", serve, {**_COMMON, **_RASA}, niceness=3, stop_seconds=5.0)]
