"""How urgent an utterance is. A guess is made while the speaker pauses; it becomes urgent when their turn is over."""

from __future__ import annotations

from collections.abc import Callable


class Urgency:
    """Goes with one request through client and worker; can only rise."""

    def __init__(self, *, urgent: bool) -> None:
        self._urgent = urgent
        self._watchers: list[Callable[[], None]] = []

    @property
    def urgent(self) -> bool:
        return self._urgent

    def rise(self) -> None:
        """Somebody waits for it now. A second time is a no-op."""
        if not self._urgent:
            self._urgent = True
            for watcher in self._watchers:
                watcher()

    def watch(self, risen: Callable[[], None]) -> None:
        """`risen` is called when it rises, if it has not yet."""
        self._watchers.append(risen)

    def forget(self, risen: Callable[[], None]) -> None:
        self._watchers.remove(risen)
