"""Events of orders for the units' systems: stored with the event, delivered at least once, in order for each order.

`enqueue` writes, `sender` delivers, `store` is between them; the contract for receivers is in `docs/internals.md`.
"""
