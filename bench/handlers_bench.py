"""``make bench-handlers``: cold start and warm latency of payment-processor beside a handler written the usual way.

Each cold start is a fresh process; both handlers take turns, so that a busy machine slows both. The interpreter's own
start is left out: it is the same for both and would only hide the difference. Both run as Lambda runs a function
(LAMBDA_TASK_ROOT, a trace header), against the same table on the embedded cloud; "traced" has X-Ray sampling on. Writes
``build/bench/handlers.json`` and exits with 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from localcloud.running import RunningCloud, running_cloud
from localcloud.settings import ACCESS_KEY, SECRET_KEY

OURS: Final = "handlers.payment_processor.app"
REFERENCE: Final = "bench.handlers_reference"
COLD_TARGET: Final = 0.6
WARM_TARGET: Final = 1.0
TRACE: Final = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled="
CHECKOUT: Final = Path(__file__).parent.parent
RESULT: Final = CHECKOUT / "build" / "bench" / "handlers.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """One handler's times, in milliseconds."""

    cold: list[float]
    """Import and first call."""
    warm: list[float]

    def summary(self) -> dict[str, float]:
        """The figures for JSON."""
        quantiles = statistics.quantiles(self.warm, n=100)
        return {
            "cold_median_ms": round(statistics.median(self.cold), 1),
            "cold_best_ms": round(min(self.cold), 1),
            "warm_p50_ms": round(quantiles[49], 3),
            "warm_p99_ms": round(quantiles[98], 3),
            "processes": len(self.cold),
            "warm_calls": len(self.warm),
        }


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=15, help="fresh processes of each handler")
    parser.add_argument("--warm-calls", type=int, default=100, help="in each process")
    options = parser.parse_args()
    with running_cloud() as cloud, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.bind(("127.0.0.1", 0))
        _make_table(cloud)
        results = {
            name: compare(environment(cloud, daemon, sampled=sampled), options.processes, options.warm_calls)
            for name, sampled in (("untraced", 0), ("traced", 1))
        }
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(results, indent=2) + "\n")
    _print(results)
    return 0 if results["untraced"]["meets_targets"] else 1


def compare(environment: dict[str, str], processes: int, warm_calls: int) -> dict[str, Any]:
    """The figures of both handlers and their ratios, ours to the reference's."""
    runs: dict[str, list[dict[str, Any]]] = {OURS: [], REFERENCE: []}
    for _ in range(processes):
        for module, done in runs.items():
            done.append(run(module, environment, warm_calls))
    ours, reference = (timing(done).summary() for done in runs.values())
    cold = round(ours["cold_median_ms"] / reference["cold_median_ms"], 3)
    warm = round(ours["warm_p50_ms"] / reference["warm_p50_ms"], 3)
    return {
        "ours": ours,
        "reference": reference,
        "cold_ratio": cold,
        "warm_ratio": warm,
        "targets": {"cold_ratio": COLD_TARGET, "warm_ratio": WARM_TARGET},
        "meets_targets": cold <= COLD_TARGET and warm <= WARM_TARGET,
    }


def run(module: str, environment: dict[str, str], warm_calls: int) -> dict[str, Any]:
    """The times of one fresh process."""
    command = [sys.executable, str(CHECKOUT / "bench" / "handlers_child.py"), module, str(warm_calls)]
    done = subprocess.run(command, env=environment, cwd=CHECKOUT, stdout=subprocess.PIPE, check=True)  # noqa: S603 - our own script
    times: dict[str, Any] = json.loads(done.stdout)
    return times


def timing(runs: list[dict[str, Any]]) -> Timing:
    """The times of many processes together."""
    return Timing(
        cold=[run["import_ms"] + run["first_ms"] for run in runs],
        warm=[elapsed for run in runs for elapsed in run["warm_ms"]],
    )


def environment(cloud: RunningCloud, daemon: socket.socket, *, sampled: int) -> dict[str, str]:
    """What Lambda sets for a function, and what the handlers are deployed with."""
    return os.environ | {
        "PYTHONPATH": str(CHECKOUT),
        "AWS_ENDPOINT_URL": cloud.endpoint,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_REGION": cloud.region,
        "AWS_DEFAULT_REGION": cloud.region,
        "LAMBDA_TASK_ROOT": str(CHECKOUT),
        "AWS_LAMBDA_FUNCTION_VERSION": "7",
        "AWS_XRAY_DAEMON_ADDRESS": f"127.0.0.1:{daemon.getsockname()[1]}",
        "_X_AMZN_TRACE_ID": f"{TRACE}{sampled}",
        "PAYMENTS_TABLE": "payments",
        "PAYMENTS_STATUS_INDEX": "status-index",
    }


def _make_table(cloud: RunningCloud) -> None:
    cloud.client("dynamodb").create_table(
        TableName="payments",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "payment_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "payment_id", "AttributeType": "S"}],
    )


def _print(results: dict[str, dict[str, Any]]) -> None:
    print(f"{'':10}{'':11}{'cold median':>13}{'cold best':>11}{'warm p50':>10}{'warm p99':>10}")
    for name, result in results.items():
        for who in ("ours", "reference"):
            figures = result[who]
            print(
                f"{name:10}{who:11}{figures['cold_median_ms']:>10.1f} ms{figures['cold_best_ms']:>8.1f} ms"
                f"{figures['warm_p50_ms']:>7.2f} ms{figures['warm_p99_ms']:>7.2f} ms"
            )
        print(f"{name:10}{'ratio':11}{result['cold_ratio']:>10.2f}{'':14}{result['warm_ratio']:>7.2f}")
    where = RESULT.relative_to(CHECKOUT)
    print(f"targets, untraced: cold <= {COLD_TARGET:g}, warm <= {WARM_TARGET:g}; figures in {where}")


if __name__ == "__main__":
    sys.exit(main())
