"""`hotline models list | fetch [NAME] | verify [NAME]`."""

from __future__ import annotations

import argparse
import sys

from asr_models import catalogue, fetch
from asr_models.recogniser import RecogniserError
from base import settings


def command(arguments: list[str]) -> int:
    """Status 0: done; 1: a model is missing or broken (known failures are raised as RecogniserError)."""
    parser = argparse.ArgumentParser(prog="hotline models", description="Recogniser models.")
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("list", help="every known model and whether it is here")
    get = actions.add_parser("fetch", help="get a model (default: the configured one)")
    get.add_argument("name", nargs="?")
    get.add_argument("--force", action="store_true", help="also where it is here already")
    check = actions.add_parser("verify", help="compute the checksums of a model (default: the configured one)")
    check.add_argument("name", nargs="?")
    chosen = parser.parse_args(arguments)
    configured = settings.load()
    match chosen.action:
        case "list":
            return _list(configured)
        case "fetch":
            return _fetch(configured, chosen.name, force=chosen.force)
        case _:
            return _verify(configured, chosen.name)


def _list(configured: settings.Settings) -> int:
    selected = "" if configured.recogniser.engine == "none" else configured.recogniser.model
    for model in catalogue.load().values():
        wrong = fetch.faults(model, configured.models / model.name, thorough=False)
        state = "here" if not wrong else "broken" if (configured.models / model.name).is_dir() else "not here"
        size = f"{model.size_bytes / 1e6:.0f} MB" if model.size_bytes else "size unknown"
        mark = "*" if model.name == selected else " "
        print(f"{mark} {model.name}  [{state}]  {model.engine}, {model.language}, {size}, {model.licence}")
        if model.note:
            print(f"    {model.note}")
    print(f"* chosen by recogniser.model; engine: {configured.recogniser.engine}; folder: {configured.models}")
    return 0


def _fetch(configured: settings.Settings, name: str | None, *, force: bool) -> int:
    def report(line: str) -> None:
        print(line, flush=True)

    if name is None and not force:
        fetched = fetch.ensure(configured, report)
        if fetched is None:
            print("nothing to fetch: recogniser.engine is none")
            return 0
    else:
        fetched = fetch.fetch(configured, _known(name or configured.recogniser.model), report, force=force)
    if fetched.source == "present":
        print(f"{fetched.name} is here already ({fetched.directory})")
    return 0


def _verify(configured: settings.Settings, name: str | None) -> int:
    model = _known(name or configured.recogniser.model)
    wrong = fetch.faults(model, configured.models / model.name, thorough=True)
    for line in wrong:
        print(f"{model.name}: {line}", file=sys.stderr)
    if not wrong:
        print(f"{model.name}: every known size and checksum fits")
    return 1 if wrong else 0


def _known(name: str) -> catalogue.Model:
    models = catalogue.load()
    if name not in models:
        raise RecogniserError(f"no model {name!r} in the catalogue; known: {', '.join(models)}")
    return models[name]
