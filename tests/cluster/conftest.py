"""Nodes on real servers: Redis of its own for each test, one PostgreSQL for the session."""

from __future__ import annotations

from fresh_database import database as database
from fresh_database import fresh_postgresql as fresh_postgresql
from fresh_database import migrated_file as migrated_file
from postgresql_server import postgresql_url as postgresql_url
from redis_server import redis_server as redis_server
