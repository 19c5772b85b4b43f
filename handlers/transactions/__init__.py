"""What the three functions of the asynchronous flow share: the transaction, its record, its messages (B3-B5)."""
