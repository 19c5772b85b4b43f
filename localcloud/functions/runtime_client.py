"""Whether AWS's own runtime client is here, and what is said where it is not. Touches nothing else."""

import importlib.util
import sys
from typing import Final

WITHOUT_IT: Final = (
    "awslambdaric is not here (its wheels are for Linux): handlers run under ministack's own worker, with slower cold "
    "starts"
)


def has_runtime_client() -> bool:
    """Whether functions can run under awslambdaric here: on Linux, where its wheels are."""
    return sys.platform.startswith("linux") and importlib.util.find_spec("awslambdaric") is not None
