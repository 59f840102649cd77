"""Call-backs that were promised, and how they are worked off when load falls: by free seats, by nodes with room."""

from __future__ import annotations

import random
from collections.abc import Callable

import simpy

from hotline.simulation.node import Node
from hotline.simulation.scenario import Scenario
from hotline.simulation.seat_room import SeatRoom


class Callbacks:
    """A promise is open until somebody has been reached or the attempts are used up."""

    def __init__(
        self,
        scenario: Scenario,
        rng: random.Random,
        env: simpy.Environment,
        seats: SeatRoom,
        seat_is_free: Callable[[], None],
        nodes: list[Node],
        node_changed: Callable[[int], None],
    ) -> None:
        self._scenario = scenario
        self._rng = rng
        self._env = env
        self._seats = seats
        self._seat_is_free = seat_is_free
        self._nodes = nodes
        self._node_changed = node_changed
        self._due = [0] * (scenario.callback_attempts + 1)  # tasks that may be dialled now, by attempts made
        self.open = 0
        self.most_open = 0
        self.made = 0  # attempts
        self.reached = 0
        self.given_up = 0
        self.last_end = 0.0

    def promise(self) -> None:
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        self._due[0] += 1

    def by_seats(self) -> None:
        """Every free seat takes one, while there are any."""
        if not self._scenario.callbacks_by_seats:
            return
        while any(self._due) and self._seats.take_task():
            self._dial(self._seat_done)

    def by_nodes(self) -> None:
        """Nodes with room to spare ring citizens up."""
        if not self._scenario.callbacks_by_bot or not any(self._due):
            return
        for node in self._nodes:
            allowed = self._scenario.callbacks_below_share * min(node.admission.limit, self._scenario.carries_calls)
            while (
                node.is_up
                and not node.waiting
                and node.placed < self._scenario.callbacks_at_once
                and node.calls < allowed
                and any(self._due)
            ):
                self._from_node(node)

    def _from_node(self, node: Node) -> None:
        node.placed += 1
        admission = node.admission  # a node that was lost meanwhile comes back with another one

        def done() -> None:
            if node.admission is admission:
                node.placed -= 1
                self._node_changed(node.number)

        self._dial(done)
        self._node_changed(node.number)

    def _seat_done(self) -> None:
        self._seats.give_back()
        self._seat_is_free()

    def _dial(self, done: Callable[[], None]) -> None:
        """One attempt, the longest waiting kind first."""
        attempts = next(made for made, tasks in enumerate(self._due) if tasks)
        self._due[attempts] -= 1
        self.made += 1

        def ends(_event: simpy.Event) -> None:
            self.last_end = self._env.now
            if self._rng.random() < self._scenario.callback_reached_share:
                self.reached += 1
                self.open -= 1
            elif attempts + 1 >= self._scenario.callback_attempts:
                self.given_up += 1
                self.open -= 1
            else:
                self._again(attempts + 1)
            done()

        after(self._env, self._scenario.callback_service.sample(self._rng), ends)

    def _again(self, attempts: int) -> None:
        def due(_event: simpy.Event) -> None:
            self._due[attempts] += 1
            self.by_seats()

        after(self._env, self._scenario.callback_spacing_seconds, due)


def after(env: simpy.Environment, seconds: float, work: Callable[[simpy.Event], None]) -> None:
    """Do this then; an event with one callback costs a fifth of a process of SimPy."""
    callbacks = env.timeout(seconds).callbacks
    assert callbacks is not None
    callbacks.append(work)
