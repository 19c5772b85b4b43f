"""A function of another environment, as ``examples/inventory.json`` names it: whose statement it would print (C7)."""

from collections.abc import Mapping


def handler(event: Mapping[str, str], context: object) -> dict[str, str]:
    """Lambda's entry point; the event names a ``customer_id``."""
    del context
    return {"statement_of": event["customer_id"]}
