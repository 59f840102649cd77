"""Fixtures that every room's tests share."""

from __future__ import annotations

from pathlib import Path

import pytest
from needs import require

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
