"""Several whole nodes of the hotline on this machine, behind a real Kamailio, on one PostgreSQL and one Redis.

Each node is `hotline run` on a data directory of its own (core, phone, one recogniser, renderer; the in-process reader
in Rasa's place).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import select

from benchmarks.frail_database import FrailDatabase, frail
from benchmarks.phone_line import HOST
from benchmarks.servers import Kamailio, postgresql_server, running_redis
from hotline.trial.system import System
from storage.engine import Database
from storage.keyring import Keyring
from storage.tables import Conversation
from telephony.caller import free_port

DRAIN_SECONDS: Final = 60
START_SECONDS: Final = 300.0  # of three at once on one core
_PORTS_A_NODE: Final = 3_000
_FIRST_RTP_PORT: Final = 20_000


@dataclass(frozen=True, slots=True)
class Nodes:
    """All of them, serving. `database`: their way to it; `database_url` is another that always stands."""

    systems: list[System]
    kamailio: Kamailio
    database: FrailDatabase
    database_url: str
    keys: Path

    async def contacts(self) -> list[tuple[str, str | None, str]]:
        """Of every phone contact: the call's id, its outcome, and how it ended (what the phone or the sweeper said)."""
        database = Database(self.database_url, keyring=Keyring(lambda: self.keys))
        try:
            async with database.read() as session:
                columns = (
                    Conversation.call_id,
                    Conversation.outcome,
                    Conversation.ended_at,
                    Conversation.outcome_detail,
                )
                rows = (await session.execute(select(*columns).where(Conversation.channel == "phone"))).all()
        finally:
            await database.close()
        return [
            (str(call_id), outcome if ended_at is not None else None, str(detail.get("ended_by", "")))
            for call_id, outcome, ended_at, detail in rows
        ]


@contextmanager
def running(folder: Path, count: int, environment: dict[str, str]) -> Iterator[Nodes]:
    """`count` nodes, ready; `environment` holds settings of all of them."""
    with ExitStack() as stack:
        database_url = stack.enter_context(postgresql_server())
        database = stack.enter_context(frail(folder / "pg", database_url))
        redis = stack.enter_context(running_redis())
        ports = [free_port(HOST) for _ in range(count)]
        addresses = [f"sip:{HOST}:{port}" for port in ports]
        kamailio = Kamailio(folder / "kamailio", nodes=addresses)
        stack.callback(kamailio.stop)
        keys = folder / "keys.json"
        assert Keyring(lambda: keys).keys.current, "made by being asked for"
        systems = []
        for number, (port, address) in enumerate(zip(ports, addresses, strict=True)):
            low = _FIRST_RTP_PORT + number * _PORTS_A_NODE
            settings = {
                "HOTLINE_DATABASE__URL": database.url,
                "HOTLINE_SECURITY__KEY_FILE": str(keys),
                "HOTLINE_CLUSTER__NODE": f"node-{number}",
                "HOTLINE_CLUSTER__REDIS_URL": redis.url,
                "HOTLINE_CLUSTER__DISPATCHER_URLS": json.dumps([kamailio.rpc_url]),
                "HOTLINE_CLUSTER__DISPATCHER_ADDRESS": address,
                "HOTLINE_CLUSTER__DRAIN_SECONDS": str(DRAIN_SECONDS),
                "HOTLINE_TELEPHONY__RTP_PORTS": json.dumps([low, low + _PORTS_A_NODE - 1]),
                "HOTLINE_RASA__ENABLED": "false",
                "HOTLINE_RECOGNISER__WORKERS": "1",
                "HOTLINE_VOICE__PRERENDERED_TEXTS": "0",
                **environment,
            }
            system = System(folder / f"node-{number}", environment=settings, sip_port=port)
            system.furnish()
            systems.append(system)
        for system in systems:
            stack.callback(_stop, system)
            system.start(wait=False, set_up=False)  # they share the lock of a set-up, and were set up
        for system in systems:
            system.wait_ready(START_SECONDS)
        yield Nodes(systems, kamailio, database, database_url, keys)


def _stop(system: System) -> None:
    if system.process is not None:
        system.kill()
