"""Takes transactions over the API and carries them out from the queue (B1-B5)."""
