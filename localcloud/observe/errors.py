"""What a caller did wrong, in the words and codes of the CloudWatch API."""


class ApiError(Exception):
    """A request that CloudWatch answers with an error.

    Attributes:
        code: The error code that a client sees, such as ``ValidationError``.
        message: What was wrong, on which parameter.
        status: The HTTP status.
    """

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def validation_error(message: str) -> ApiError:
    """The error for a request that breaks a rule of the API."""
    return ApiError("ValidationError", message)


def invalid_value(message: str) -> ApiError:
    """The error for one parameter with a value that is out of its range."""
    return ApiError("InvalidParameterValue", message)


def invalid_combination(message: str) -> ApiError:
    """The error for parameters that exclude or need each other."""
    return ApiError("InvalidParameterCombination", message)


def missing_parameter(message: str) -> ApiError:
    """The error for a parameter that the request must contain."""
    return ApiError("MissingParameter", message)


def not_found(message: str) -> ApiError:
    """The error for something that does not exist."""
    return ApiError("ResourceNotFound", message, 404)
