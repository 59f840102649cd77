"""Nodes on real servers: Redis of its own for each test, one PostgreSQL for the session."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fresh_database import database as database
from fresh_database import emptied
from redis_server import RedisServer
from redis_server import redis_server as redis_server

from storage import migrate
from storage.keyring import Keyring

if TYPE_CHECKING:
    from cluster_nodes import TestNode

for room in ("gateway", "telephony"):  # their helpers furnish a core and a phone
    sys.path.append(str(Path(__file__).resolve().parent.parent / room))


@pytest.fixture
async def nodes(
    request: pytest.FixtureRequest, postgresql_url: str, redis_server: RedisServer, tmp_path: Path
) -> AsyncIterator[list[TestNode]]:
    """Two nodes, furnished and serving. A parameter: so many seconds they wait for Redis."""
    from cluster_nodes import TestNode

    empty = await emptied(postgresql_url)
    await migrate.upgrade(empty)
    await empty.close()
    keys = tmp_path / "keys.json"
    assert Keyring(lambda: keys).keys.current  # made by being asked for
    patience = getattr(request, "param", 30.0)
    made = [
        TestNode(name, postgresql_url, redis_server.url, tmp_path / name, keys, redis_timeout_seconds=patience)
        for name in ("a", "b")
    ]
    for node in made:
        await node.start()
    yield made
    for node in made:
        await node.stop()
