"""Things a reader runs and watches; each is run by a test."""
