"""Fixtures that every room's tests share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fresh_database import migrated_file as migrated_file
from needs import require
from postgresql_server import postgresql_url as postgresql_url

from seats import passwords

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with evaluation kits and sources that lies beside the repository."""
    folder = ROOT.parent / "shared"
    require(folder.is_dir(), f"{folder.name}/ does not lie beside the repository")
    return folder


@pytest.fixture(scope="session")
def models() -> Path:
    """The prepared models of the repository's own data directory (`hotline setup` makes them)."""
    folder = ROOT / "var" / "models"
    require(folder.is_dir(), "var/models is missing: run `make setup`")
    return folder


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """A password takes a sixth of a CPU second by design; only the tests of that cost and of whole processes pay it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "COST", replace(passwords.COST, time_cost=1, memory_cost=8, parallelism=1))
        yield
