"""What every function of the service has in common; imports nothing heavier than the standard library."""
