"""This node among the others: its name, its way to Redis, the bus. A node without a name is alone."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from base.clock import Clock
from base.errors import ConfigurationError
from base.settings import Settings
from cluster.bus import Bus, NoBus
from cluster.redis_bus import RedisBus
from cluster.redis_link import RedisLink


@dataclass(slots=True)
class Node:
    """`missed`: set whenever messages of other nodes may have been lost, so that somebody looks in the database."""

    name: str = ""
    bus: Bus = field(default_factory=NoBus)
    redis: RedisLink | None = None
    missed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def alone(self) -> bool:
        return not self.name

    @classmethod
    def of(cls, settings: Settings, clock: Clock, *, on_sqlite: bool) -> Node:
        """
        Raises:
            ConfigurationError: the settings do not go together.
        """
        chosen = settings.cluster
        if not chosen.node:
            if chosen.redis_url:
                raise ConfigurationError("cluster.redis_url needs cluster.node, the name of this node")
            return cls()
        if on_sqlite:
            raise ConfigurationError("cluster.node needs PostgreSQL (database.url): nodes share one database")
        if not settings.key_file.is_file():
            raise ConfigurationError(
                f"cluster.node needs the other nodes' keys in {settings.key_file}: copy their file (the first node "
                "makes it when it is started once without cluster.node)"
            )
        node = cls(chosen.node)
        if chosen.redis_url:
            node.redis = RedisLink(chosen.redis_url, timeout_seconds=chosen.redis_timeout_seconds, clock=clock)
            node.bus = RedisBus(chosen.redis_url, chosen.node, joined=node.missed.set)
        return node

    async def close(self) -> None:
        await self.bus.close()
        if self.redis is not None:
            await self.redis.close()
