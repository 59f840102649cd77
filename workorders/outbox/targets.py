"""Who is told of which events: the settings of a receiver, checked, with its secret."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final

from base.errors import ConfigurationError
from base.sections.orders import OutboxSettings, OutboxTargetSettings
from workorders.order import RULES

_LEAST_SECRET_CHARACTERS: Final = 32
_INTERNAL: Final = frozenset({"note"})  # the desk's own notes leave the house only where a target asks for them


@dataclass(frozen=True, slots=True)
class Target:
    """`units` are patterns as of a shell (`海淀区*`); empty: every unit. `events` empty: all but internal notes."""

    name: str
    url: str
    secret: bytes = field(repr=False)
    units: tuple[str, ...] = ()
    events: frozenset[str] = frozenset()
    personal: bool = False

    def wants(self, event: str, units: Sequence[str]) -> bool:
        """Whether an event of an order that concerns `units` is for this target."""
        if event not in self.events if self.events else event in _INTERNAL:
            return False
        return not self.units or any(fnmatchcase(unit, pattern) for unit in units for pattern in self.units)


def targets(settings: OutboxSettings, environment: Mapping[str, str] | None = None) -> tuple[Target, ...]:
    """
    Raises:
        ConfigurationError: a name stands twice, an address or an event is none, or a secret is missing or too short.
    """
    found = tuple(_target(chosen, os.environ if environment is None else environment) for chosen in settings.targets)
    names = [target.name for target in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigurationError(f"outbox.targets: the name {twice[0]!r} stands twice")
    return found


def units_named(told: Iterable[Target]) -> frozenset[str]:
    """The units that targets name in full, and not by a pattern."""
    return frozenset(unit for target in told for unit in target.units if not {*"*?["} & {*unit})


def _target(chosen: OutboxTargetSettings, environment: Mapping[str, str]) -> Target:
    if unknown := sorted(set(chosen.events) - set(RULES)):
        raise ConfigurationError(f"outbox target {chosen.name}: there is no event {unknown[0]!r}")
    return Target(
        chosen.name,
        chosen.url,
        _secret(chosen, environment),
        tuple(chosen.units),
        frozenset(chosen.events),
        chosen.personal,
    )


def _secret(chosen: OutboxTargetSettings, environment: Mapping[str, str]) -> bytes:
    if (chosen.secret_file is None) == (not chosen.secret_env):
        raise ConfigurationError(f"outbox target {chosen.name}: one of secret_file and secret_env is needed")
    if chosen.secret_file is not None:
        try:
            secret = chosen.secret_file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"outbox target {chosen.name}: its secret cannot be read: {error}") from error
    else:
        secret = environment.get(chosen.secret_env, "")
    if len(secret) < _LEAST_SECRET_CHARACTERS:
        raise ConfigurationError(
            f"outbox target {chosen.name}: a secret of at least {_LEAST_SECRET_CHARACTERS} characters is needed"
        )
    return secret.encode()


def concerned(unit: str | None, copies: Sequence[Any], event: str, data: Mapping[str, Any]) -> list[str]:
    """The units that an event concerns: who has the order, who has a copy, and from whom either was taken."""
    gone = [data.get("from_unit")] if event == "dispatch" else []
    gone += data.get("from_copies") or [] if event in ("dispatch", "copy") else []
    units = [unit, *copies, *gone]
    return [str(name) for name in units if name]
