"""The database and its files."""

import logging

logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells of every plug-in while it is imported
