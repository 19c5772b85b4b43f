"""What a resource may refuse, in one line that names the object; says nothing about who asked."""


class ResourceError(Exception):
    """A resource cannot be made as written; the message is complete and fit for a terminal."""


class UnhonouredProperty(ResourceError):
    """An input that no call would carry to AWS: refused, because dropping it would make the local cloud lie."""


class ForbiddenInput(ResourceError):
    """A value that AWS refuses, by its service model or by a documented rule that the model does not hold."""
