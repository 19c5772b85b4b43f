"""Takes the fraud service's webhook: records the alert, blocks or releases the transaction (B5)."""
