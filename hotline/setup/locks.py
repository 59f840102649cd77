"""Making the lock files anew: `python3 -m hotline.setup.locks [--upgrade]` (`make lock`). Standard library only.

Every package is locked with its hashes, except torch: its CPU builds for different machines live in places that no
one index lists together.
"""

from __future__ import annotations

import re
import sys
from typing import NamedTuple

from base.errors import HotlineError
from hotline.setup import environments, interpreters, tools
from hotline.setup.failures import SetupError

LOCKS = environments.ROOT / "locks"


class Recipe(NamedTuple):
    lock: str
    python: str
    inputs: tuple[str, ...]
    overrides: str = ""


RECIPES = (
    Recipe("bootstrap", "3.11", ("bootstrap.in",)),
    Recipe("main", "3.11", ("main.in",)),
    # The development lock is the main one and more: the same versions, so that tests test what runs.
    Recipe("dev", "3.11", ("main.lock", "dev.in")),
    Recipe("node", "3.11", ("node.in",)),
    Recipe("rasa", "3.10", ("rasa.in",), "rasa.overrides"),
    Recipe("convert", "3.11", ("convert.in",), "convert.overrides"),
)
_TORCH_HASHES = re.compile(r"^(torch==\S+) \\\n(?:    --hash=\S+(?: \\)?\n)+", re.MULTILINE)


# soundfile's wheel for any platform holds no libsndfile. Where a mirror lists it beside the whole one, uv may take
# either; without its hash in the lock it is never taken.
_HOLLOW_WHEELS = {"soundfile==0.14.0": "8ba81ae3a89fd5ab3bef8a8eb481fbbe794e806309675a89b4df48b8d31908a8"}


def without_torch_hashes(lock: str) -> str:
    return _TORCH_HASHES.sub(r"\1\n", lock)


def without_hollow_wheels(lock: str) -> str:
    """
    Raises:
        SetupError: the lock holds another version of such a package, whose hollow wheel is not known here.
    """
    for pinned, digest in _HOLLOW_WHEELS.items():
        name = pinned.partition("==")[0]
        if re.search(rf"^{name}==", lock, re.MULTILINE) and f"{pinned} " not in lock:
            raise SetupError(
                f"{name} has a new version: name the hash of its platform-less wheel in hotline/setup/locks.py"
            )
        lock = lock.replace(f"    --hash=sha256:{digest} \\\n", "")
    return lock


def main(arguments: list[str]) -> int:
    python = interpreters.find((3, 11))
    try:
        if python is None:
            raise SetupError("Python 3.11 was not found: it is needed to make the lock files")
        uv = environments.ensure_uv(python)
        # A local mirror may hold one platform's files of a package; the lock needs the hashes of all of them.
        uv.environment["UV_INDEX"] = " ".join(url for url in uv.sources.extra_index_urls if not url.startswith("file:"))
        torch = [] if any(uv.sources.find_links) else ["--torch-backend", "cpu"]
        for recipe in RECIPES:
            lock = LOCKS / f"{recipe.lock}.lock"
            overrides = ["--override", str(LOCKS / recipe.overrides)] if recipe.overrides else []
            universal = ["--universal"] if recipe.lock in ("bootstrap", "node") else []
            uv.run(
                f"locking {lock.name}", "pip", "compile", "-q", "--generate-hashes", "--no-header", "--no-annotate",
                "--python-version", recipe.python, *universal, *torch, *overrides, *arguments,
                *(str(LOCKS / name) for name in recipe.inputs), "--output-file", str(lock),
            )  # fmt: skip
            lock.write_text(without_hollow_wheels(without_torch_hashes(lock.read_text("utf-8"))), "utf-8")
            tools.say(f"{lock.name}: {len(re.findall('^[a-z]', lock.read_text('utf-8'), re.MULTILINE))} packages")
    except HotlineError as error:
        tools.complain("lock", error)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
