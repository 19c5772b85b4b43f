"""What runs in the process of an execution environment: AWS's own runtime interface client, tied to the server's life.

Started by path, ``python -P bootstrap.py SERVER_PID HANDLER`` in the folder of the function's code.
"""

import os
import sys


def main() -> None:
    """Serves invocations until the Runtime API goes away."""
    from localcloud.lifeline import die_with_parent  # noqa: PLC0415 - before the function's code is on the path

    server, handler = sys.argv[1:]
    die_with_parent(int(server))
    sys.path.insert(0, os.getcwd())  # noqa: PTH109 - a cold start has no time for pathlib
    sys.argv = ["awslambdaric", handler]
    from awslambdaric.__main__ import main as serve  # noqa: PLC0415 - the function's code may not shadow it

    serve(sys.argv)


if __name__ == "__main__":
    main()
