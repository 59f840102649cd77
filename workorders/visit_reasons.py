"""Why a citizen is not satisfied: a list in two stages, data (`data/visit_reasons.yml`), read once."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

import yaml

from base.errors import ConfigurationError

PATH: Final = Path(__file__).parent / "data" / "visit_reasons.yml"
OTHER: Final = "其他"


def load(path: Path = PATH) -> dict[str, tuple[str, ...]]:
    """First stage -> second stage.

    Raises:
        ConfigurationError: the file is missing or malformed.
    """
    try:
        document = yaml.safe_load(path.read_text("utf-8"))
        return {str(reason)[:32]: tuple(str(detail)[:64] for detail in details) for reason, details in document.items()}
    except (OSError, yaml.YAMLError, TypeError, AttributeError) as error:
        raise ConfigurationError(f"reasons of return visits {path.name} cannot be read: {error}") from error


@lru_cache(maxsize=1)
def default_reasons() -> dict[str, tuple[str, ...]]:
    return load()
