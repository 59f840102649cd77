"""One supervisor over all processes of the system: start, watch, restart, stop, and leave nothing behind."""
