"""A request that Lambda does not carry out, as the service says it."""

from dataclasses import dataclass

from localcloud import seams

HttpAnswer = tuple[int, dict[str, str], bytes]
"""Status, headers and body, as ministack's operations answer."""

INVALID = "InvalidParameterValueException"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An error of the Lambda API.

    Attributes:
        message: What the caller reads.
        code: The error's name in the service model.
        status: The HTTP status that belongs to it.
    """

    message: str
    code: str = INVALID
    status: int = 400

    def answer(self) -> HttpAnswer:
        """The refusal as ministack's operations answer."""
        answer: HttpAnswer = seams.error_response(self.code, self.message, self.status)
        return answer
