"""The first thing that runs on a fresh machine: `python3 -m hotline.setup.bootstrap ENVIRONMENT [hotline arguments]`.

Makes `.venv` (Python 3.11) from `locks/main.lock` or `locks/dev.lock`, then becomes `hotline` with the remaining
arguments. Standard library only, Python 3.7 or newer. An environment made for development also serves to run.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from types import FrameType
from typing import NoReturn

from base.errors import HotlineError
from hotline.setup import environments, interpreters, tools
from hotline.setup.failures import SetupError, from_os_error

ENVIRONMENT = environments.ROOT / ".venv"
LOCKS = {name: environments.ROOT / "locks" / f"{name}.lock" for name in ("main", "dev")}
NEEDED_MEGABYTES = 2500


def ensure(name: str) -> None:
    """Make `.venv` what `name` (main or dev) needs; does nothing when it already is.

    Raises:
        SetupError: no Python 3.11, no space, or a broken download.
    """
    enough = [LOCKS["dev"]] if name == "dev" else [LOCKS["main"], LOCKS["dev"]]
    if environments.is_current(ENVIRONMENT, *enough):
        return
    if environments.made_from(ENVIRONMENT) == LOCKS["dev"].name:
        name = "dev"  # a start must not take a developer's tools away
    began = time.monotonic()
    python = interpreters.find((3, 11))
    if python is None:
        raise SetupError(
            "Python 3.11 was not found (searched: PATH, pyenv, uv, /usr/bin); install it (Debian 12: apt-get install"
            " python3.11 python3.11-venv) or give its path in HOTLINE_PYTHON311, then start again"
        )
    uv = environments.ensure_uv(python)
    tools.say(f"setup: the main environment (.venv, {python})")
    environments.install(uv, ENVIRONMENT, python, LOCKS[name], needed_megabytes=NEEDED_MEGABYTES, project=True)
    tools.say(f"setup: the main environment is ready, {time.monotonic() - began:.0f} s")


def _stop(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def become(arguments: list[str]) -> NoReturn:
    """Replace this process by `hotline ARGUMENTS` in the main environment."""
    python = str(ENVIRONMENT / "bin" / "python")
    os.chdir(str(environments.ROOT))
    os.execv(python, [python, "-m", "hotline.cli", *arguments])


def main(arguments: list[str]) -> int:
    """Returns when something failed or when there is nothing to become."""
    name, following = (arguments[0], arguments[1:]) if arguments else ("main", [])
    if name not in LOCKS:
        tools.complain("setup", SetupError(f"unknown environment {name!r}: main or dev"))
        return 2
    signal.signal(signal.SIGTERM, _stop)
    try:
        ensure(name)
    except HotlineError as error:
        tools.complain("setup", error)
        return 1
    except OSError as error:
        tools.complain("setup", from_os_error(error, "setting up"))
        return 1
    except KeyboardInterrupt:
        tools.complain("setup", SetupError("stopped; start again to go on from there"))
        return 130
    if following:
        become(following)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
