"""The one error of this package: an environment that cannot be built as asked."""


class SettingsError(ValueError):
    """A setting that cannot be used; its text names key, value, what was wanted and what to type."""
