"""A whole system on free ports with a data directory of its own, and a caller's voice: for tests and benchmarks."""
