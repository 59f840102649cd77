"""What all sections of the settings have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """An unknown key is an error: a misspelt setting must not be ignored in silence."""

    model_config = ConfigDict(extra="forbid")
