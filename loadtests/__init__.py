"""Locust users, shapes and the p99 gate; speaks HTTP only."""
