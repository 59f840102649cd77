"""The root of every error family of the project. A message says what happened, to what, and what to do."""

from __future__ import annotations


class HotlineError(Exception):
    """A known failure: printed as one line for a person, without a stack trace."""


class ConfigurationError(HotlineError):
    """A setting is missing or cannot be used."""


class UnavailableError(HotlineError):
    """Something outside (a process, a model, the database) does not answer in time."""
