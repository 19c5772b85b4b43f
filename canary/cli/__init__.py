"""The `canary` command: one module a verb family, and the live view."""
