"""The outside servers that the tests start on this machine, for benchmarks: PostgreSQL, Redis, Kamailio."""

from __future__ import annotations

import sys

from base.settings import ROOT

sys.path += [str(ROOT / "tests"), str(ROOT / "tests" / "cluster")]

from frail_link import FrailLink
from kamailio_server import TRUNK, Kamailio
from postgresql_server import postgresql_server
from redis_server import running_redis

__all__ = ["TRUNK", "FrailLink", "Kamailio", "postgresql_server", "running_redis"]
