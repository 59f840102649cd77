"""Which node a call goes to: what Kamailio's dispatcher does, without its packets. Pure.

A set of nodes is the bits of one integer: finding the next member after some node is then a few operations, however
many nodes there are.
"""

from __future__ import annotations

from hotline.simulation.node import Node
from hotline.simulation.scenario import Routing


class Dispatcher:
    """Round robin over the best set that is not empty."""

    def __init__(self, routing: Routing, nodes: list[Node]) -> None:
        self._routing = routing
        self._in_service = 0
        self._with_room = 0
        self._free = 0
        self._next = 0
        self._count = len(nodes)
        for node in nodes:
            self.told(node)

    def told(self, node: Node) -> None:
        """A node's state, as it tells it itself. One that is down tells nothing: what was known of it stays."""
        bit = 1 << node.number
        self._in_service = self._in_service | bit if node.in_service else self._in_service & ~bit
        if node.is_up:
            self._with_room = self._with_room | bit if node.has_room else self._with_room & ~bit
            self._free = self._free | bit if node.serves_at_once else self._free & ~bit

    def choose(self, tried: int = 0) -> int | None:
        """The number of the next node; None where there is none left.

        Args:
            tried: nodes that have not taken this call, as bits.
        """
        here = self._in_service & ~tried
        match self._routing:
            case "blind":
                sets: tuple[int, ...] = (here,)
            case "not_full":
                sets = (here & self._with_room,)
            case "free_first":
                sets = (here & self._free, here & self._with_room)
        for members in sets:
            if members:
                after = members >> self._next << self._next or members
                number = (after & -after).bit_length() - 1
                self._next = (number + 1) % self._count
                return number
        return None
