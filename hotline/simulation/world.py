"""The city calls: one run of a scenario as a discrete event simulation (SimPy holds the clock and the events).

A caller's way is a chain of steps. Each step schedules at most one event that ends it; a step that ends in another way
(called up, seat free, node lost) raises the caller's epoch, and the event finds itself void.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Generator
from typing import Any, Final

import simpy

from hotline.simulation.callbacks import Callbacks, after
from hotline.simulation.caller import Caller, Outcome, Place, Result
from hotline.simulation.dispatcher import Dispatcher
from hotline.simulation.node import Node
from hotline.simulation.scenario import Failure, Scenario
from hotline.simulation.seat_room import SeatRoom
from hotline.simulation.tally import Tally

OBSERVE_SECONDS: Final = 1.0  # as telephony.front_desk.OBSERVE_SECONDS
Step = Generator[simpy.Event, Any, None]


class World:
    """One run; the same seed gives the same run."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self.scenario = scenario
        self.tally = Tally(scenario)
        self._seed = seed
        self._wrap_up_rng = random.Random(f"{seed}/wrap-up")
        self._env = simpy.Environment()
        self._nodes = [Node(number, scenario, 0.0) for number in range(scenario.nodes)]
        self._dispatcher = Dispatcher(scenario.routing, self._nodes)
        self._seats = SeatRoom(scenario.seats)
        self._callbacks = Callbacks(
            scenario,
            random.Random(f"{seed}/call-backs"),
            self._env,
            self._seats,
            self._seat_free,
            self._nodes,
            self._told,
        )
        self._open = 0  # callers without an outcome
        self._arriving = True

    def run(self) -> Tally:
        self._env.process(self._arrivals())
        for failure in self.scenario.failures:
            self._env.process(self._failure(failure))
        self._env.run(until=self._env.process(self._observe()))
        self.tally.callbacks_made = self._callbacks.made
        self.tally.callbacks_reached = self._callbacks.reached
        self.tally.callbacks_given_up = self._callbacks.given_up
        self.tally.callbacks_open = self._callbacks.open
        self.tally.callbacks_most_open = self._callbacks.most_open
        self.tally.callbacks_done_at = self._callbacks.last_end
        return self.tally

    @property
    def seats_are_whole(self) -> bool:
        """Nobody waits for a seat, and every seat is free, wraps up, or makes a call-back."""
        return not self._seats.waiting and 0 <= self._seats.free <= self._seats.seats

    @property
    def nodes_are_empty(self) -> bool:
        return not any(node.serving or node.waiting or node.with_seats for node in self._nodes)

    # --- calling ----------------------------------------------------------------------------------------------------

    def _arrivals(self) -> Step:
        scenario, env = self.scenario, self._env
        begin = scenario.warm_up_seconds
        end = begin + scenario.hour_seconds
        for number, at in enumerate(scenario.arrivals.times(arrival_stream(self._seed))):
            yield env.timeout(at - env.now)
            caller = Caller(number, self._seed, at, counted=begin <= at < end)
            self.tally.arrival(caller)
            self._open += 1
            self._ring(caller)
        yield env.timeout(max(0.0, scenario.arrivals.seconds - env.now))
        self._arriving = False

    def _ring(self, caller: Caller) -> None:
        """One attempt: the dispatcher looks for a node that takes it."""
        scenario = self.scenario
        caller.rings(scenario, self._env.now)
        self.tally.attempt(caller)
        tried = 0
        for _ in range(scenario.route_attempts):
            number = self._dispatcher.choose(tried)
            if number is None:
                break
            tried |= 1 << number
            node = self._nodes[number]
            if not node.is_up:
                caller.setup_seconds += scenario.dead_node_seconds
            elif node.serves_at_once:
                caller.node = number
                node.serve(caller)
                self._served(caller)
                return
            elif node.has_room:
                caller.node = number
                node.wait(caller)
                self._waits(caller)
                return
            else:
                caller.setup_seconds += scenario.refusal_seconds
        self.tally.result(caller, Result.REFUSED)
        self._not_served(caller, Outcome.REFUSED)

    def _waits(self, caller: Caller) -> None:
        """In the waiting room, until called up or until the caller wants no more."""
        end = {
            "gives_up": self._gives_up,
            "chooses_callback": self._chooses_callback,
            "knows_enough": self._knows_enough,
        }[caller.fate.waiting_end]
        self._later(caller, Place.WAITING, caller.fate.waits_seconds, end)
        self._told(caller.node)

    def _gives_up(self, caller: Caller) -> None:
        self._leaves_room(caller, Result.GAVE_UP)
        self._not_served(caller, Outcome.CALLBACK if caller.fate.number_known else Outcome.ABANDONED)

    def _chooses_callback(self, caller: Caller) -> None:
        self._leaves_room(caller, Result.CALLBACK_CHOSEN)
        self._end(caller, Outcome.CALLBACK)

    def _knows_enough(self, caller: Caller) -> None:
        self._leaves_room(caller, Result.HOT_TOPIC)
        self.tally.connects(caller, caller.setup_seconds + self.scenario.answer_seconds, served=False)
        self._end(caller, Outcome.HOT_TOPIC)

    def _leaves_room(self, caller: Caller, result: Result) -> None:
        self._nodes[caller.node].leave_room(caller)
        self.tally.result(caller, result)
        self._told(caller.node)

    def _not_served(self, caller: Caller, otherwise: Outcome) -> None:
        """Refused or given up: some ring again later, for the others this was it."""
        again = caller.attempts < self.scenario.attempts_at_most
        if again and caller.fate.tries_again:
            self._later(caller, Place.AWAY, caller.fate.again_after_seconds, self._ring)
        else:
            self._end(caller, otherwise)

    # --- being served -----------------------------------------------------------------------------------------------

    def _served(self, caller: Caller) -> None:
        """The bot greets. The node has put the caller among those it serves."""
        self.tally.result(caller, Result.SERVED)
        wait = self._env.now - caller.attempted_at + caller.setup_seconds + self.scenario.answer_seconds
        self.tally.connects(caller, wait, served=True)
        self._told(caller.node)
        self._later(caller, Place.BOT, caller.fate.bot_seconds, self._bot_is_done)

    def _bot_is_done(self, caller: Caller) -> None:
        if not self.scenario.seats or not caller.fate.wants_person:
            self._hangs_up(caller, Outcome.BOT)
            return
        self._nodes[caller.node].with_seats += 1
        self.tally.seat_wanted += caller.counted
        self._later(caller, Place.SEAT_QUEUE, caller.fate.seat_waits_seconds, self._leaves_seat_queue)
        self._seats.enter(caller)
        self._seat_free()

    def _leaves_seat_queue(self, caller: Caller) -> None:
        """Gave up, or took the call-back that was offered: the conversation is known, so it becomes one either way."""
        self._seats.left()
        self._nodes[caller.node].with_seats -= 1
        self._hangs_up(caller, Outcome.CALLBACK)

    def _seat_free(self) -> None:
        """Whoever is next at the seats; where nobody waits, call-backs."""
        while (caller := self._seats.take()) is not None:
            if caller.counted:
                self.tally.seat_waits_seconds.append(self._env.now - caller.since)
                self.tally.seat_answered += 1
            self._later(caller, Place.SEAT, caller.fate.talk_seconds, self._seat_is_done)
        self._callbacks.by_seats()

    def _seat_is_done(self, caller: Caller) -> None:
        self._nodes[caller.node].with_seats -= 1
        self._hangs_up(caller, Outcome.SEAT)
        self._wrap_up()

    def _wrap_up(self) -> None:
        def wrapped_up(_event: simpy.Event) -> None:
            self._seats.give_back()
            self._seat_free()

        after(self._env, self.scenario.seat_wrap_up.sample(self._wrap_up_rng), wrapped_up)

    def _hangs_up(self, caller: Caller, outcome: Outcome) -> None:
        """A served call is over."""
        node = self._nodes[caller.node]
        del node.serving[caller.key]
        self._end(caller, outcome)
        self._told(node.number)

    def _end(self, caller: Caller, outcome: Outcome) -> None:
        caller.step(Place.AWAY, self._env.now)
        self._open -= 1
        self.tally.outcome(caller, outcome)
        if outcome is Outcome.CALLBACK:
            self._callbacks.promise()

    # --- nodes ------------------------------------------------------------------------------------------------------

    def _told(self, number: int) -> None:
        """Something changed at a node: whoever waits there may be called up, the dispatcher is told."""
        node = self._nodes[number]
        while node.is_up and (caller := node.next_called_up()) is not None:
            self._served(caller)
        self._dispatcher.told(node)

    def _failure(self, failure: Failure) -> Step:
        """A node is lost with all its calls, found out, and comes back."""
        yield self._env.timeout(failure.at_seconds)
        node = self._nodes[failure.node]
        callers = [*node.serving.values(), *node.waiting.values()]
        node.is_up = False
        node.restart(self._env.now)
        for caller in callers:
            self._breaks_off(caller)
        yield self._env.timeout(min(self.scenario.detection_seconds, failure.down_seconds))
        node.in_service = False
        self._dispatcher.told(node)
        yield self._env.timeout(max(0.0, failure.down_seconds - self.scenario.detection_seconds))
        node.is_up = node.in_service = True
        node.restart(self._env.now)
        self._told(node.number)

    def _breaks_off(self, caller: Caller) -> None:
        if caller.place is Place.WAITING:
            self.tally.result(caller, Result.BROKEN)  # a served attempt has its result already
        elif caller.place is Place.SEAT_QUEUE:
            self._seats.left()
        elif caller.place is Place.SEAT:
            self._wrap_up()
        caller.step(Place.AWAY, self._env.now)
        again = caller.attempts < self.scenario.attempts_at_most
        if again and caller.fate.rings_again:
            self._later(caller, Place.AWAY, caller.fate.rings_again_after_seconds, self._ring)
        else:
            self._end(caller, Outcome.CALLBACK if caller.fate.number_known else Outcome.LOST)

    def _observe(self) -> Step:
        """Once a second, as the phone itself; ends when everybody has an outcome and no call-back is left."""
        scenario = self.scenario
        latest = scenario.arrivals.seconds + scenario.drain_seconds
        while self._arriving or self._open or (self._callbacks.open and self._env.now < latest):
            yield self._env.timeout(OBSERVE_SECONDS)
            self._look()

    def _look(self) -> None:
        scenario, now = self.scenario, self._env.now
        serving = waiting = 0
        cpu = lag = 0.0
        up = 0
        for node in self._nodes:
            if not node.is_up:
                continue
            up += 1
            calls = node.calls
            if calls or node.waiting:
                node.observe(now)
                self._told(node.number)
                calls = node.calls
                serving += calls
                waiting += len(node.waiting)
                lag += node.lag_seconds
                cpu += scenario.cpu_a_bot_second * (calls - node.with_seats)
                cpu += scenario.cpu_a_seat_second * node.with_seats + scenario.cpu_a_waiting_second * len(node.waiting)
                self.tally.strained_node_seconds += node.admission.strained
        self.tally.node_seconds += up
        self._callbacks.by_nodes()
        minute = self.tally.minute(now - OBSERVE_SECONDS / 2.0)
        minute.serving, minute.waiting = serving, waiting
        minute.seat_queue, minute.seats_busy = self._seats.waiting, self._seats.seats - self._seats.free
        minute.callbacks_open = self._callbacks.open
        minute.lag_seconds = lag / up if up else 0.0
        minute.cpu_seconds += cpu * OBSERVE_SECONDS

    # --- time -------------------------------------------------------------------------------------------------------

    def _later(self, caller: Caller, place: Place, seconds: float, end: Callable[[Caller], None]) -> None:
        """The caller's next step, and what ends it unless something else does before."""
        epoch = caller.step(place, self._env.now)

        def ends(_event: simpy.Event) -> None:
            if caller.epoch == epoch:
                end(caller)

        after(self._env, seconds, ends)


def arrival_stream(seed: int) -> random.Random:
    """The same arrivals whatever else of a scenario is changed."""
    return random.Random(f"{seed}/arrivals")
