"""The Pulumi program: what exists. Knows of the controller its schema only."""
