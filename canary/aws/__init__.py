"""Touches AWS and decides nothing: one adapter a port."""
