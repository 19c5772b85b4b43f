"""Calls the merchants' webhooks (B5)."""
