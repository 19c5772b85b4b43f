"""What ``examples/inventory.json`` stands up beside the payments service (C7)."""
