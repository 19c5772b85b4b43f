"""CloudWatch alarms: what they watch, when they change state, and who is told."""
