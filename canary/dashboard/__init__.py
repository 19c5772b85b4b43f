"""The local web page of a rollout."""
