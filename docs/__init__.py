"""The documentation, and what keeps it equal to the code."""
