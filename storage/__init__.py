"""The database and its files."""

import logging

from storage import calling_tables as _calling_tables  # noqa: F401  (every table is known as soon as the package is)
from storage import channel_tables as _channel_tables  # noqa: F401
from storage import chat_tables as _chat_tables  # noqa: F401
from storage import cluster_tables as _cluster_tables  # noqa: F401
from storage import desk_tables as _desk_tables  # noqa: F401
from storage import follow_up_tables as _follow_up_tables  # noqa: F401
from storage import leader_tables as _leader_tables  # noqa: F401
from storage import messenger_tables as _messenger_tables  # noqa: F401
from storage import order_tables as _order_tables  # noqa: F401
from storage import unit_tables as _unit_tables  # noqa: F401

logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells of every plug-in while it is imported
