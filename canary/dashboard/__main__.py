"""`canary-dashboard --env dev`: where all rollouts stand, as a web page on this machine. Ends on Ctrl-C."""

import argparse
import sys

from canary.core.errors import AccessDenied, CanaryError, ConfigError, Unavailable
from canary.dashboard.server import Dashboard
from canary.wiring import connect_clients, read_published, wire


def main() -> None:
    """Serves until it is interrupted; exit codes as those of `canary`."""
    try:
        _serve(_parsed())
    except KeyboardInterrupt:
        sys.exit(0)
    except CanaryError as error:
        print(f"canary-dashboard: {error}", file=sys.stderr)  # noqa: T201 - the one line of a failure
        sys.exit(77 if isinstance(error, AccessDenied) else 75 if isinstance(error, Unavailable) else 2)


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="canary-dashboard", description=__doc__)
    parser.add_argument("--env", default="", help="the environment whose stack keeps the rollouts")
    parser.add_argument("--store", default="", help="or the DynamoDB table of rollouts")
    parser.add_argument("--region", default=None, help="AWS region; by default the ordinary AWS settings decide")
    parser.add_argument("--port", type=int, default=8787, help="on 127.0.0.1; 0 takes a free one (default: 8787)")
    return parser.parse_args()


def _serve(asked: argparse.Namespace) -> None:
    clients = connect_clients(asked.region)
    table = asked.store or (read_published(clients, asked.env).store if asked.env else "")
    if not table:
        raise ConfigError("where are the rollouts kept? name an environment (--env dev) or a table (--store NAME)")
    with Dashboard(wire(clients, table).world, asked.port) as dashboard:
        print(dashboard.url, flush=True)  # noqa: T201 - the result
        dashboard.serve_forever()


if __name__ == "__main__":
    main()
