"""The reusable components: each with typed arguments and registered outputs."""
