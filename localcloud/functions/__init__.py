"""Lambda's data plane: versions behind weighted aliases, run in execution environments, with their logs and metrics."""
