"""A local web page that shows where all rollouts stand: read-only, on loopback, without a script."""
