"""Every test has a database of its own."""

from fresh_database import database as database
