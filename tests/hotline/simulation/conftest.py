from fresh_database import database, migrated_file

__all__ = ["database", "migrated_file"]
