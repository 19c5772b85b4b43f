"""Decides and touches nothing: standard library only; no clock, no logging, no I/O, no randomness."""
