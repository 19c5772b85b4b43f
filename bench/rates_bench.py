"""``make bench-rates``: how fast every endpoint answers at rising rates, up to what the embedded cloud carries.

The whole service is deployed on the embedded cloud (API Gateway, aliases, queues, a merchant on loopback) and driven by
the load tests' own callers. A rate is carried when at least 95 % of the offered requests were answered, none failed,
and the 99th percentile of *every* endpoint stayed under 500 ms, over at least 299 requests to each (`loadtests.verdict`
says why); so a low rate takes longer, 50 requests/s five minutes. Server, workers and load share the machine's cores.
Writes ``build/bench/rates.json`` and exits with 1 when not even the lowest rate was carried.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from loadtests.document import Api, operations
from loadtests.orders import MERCHANTS
from loadtests.run import Load
from loadtests.shapes import Shape
from loadtests.verdict import ENOUGH_REQUESTS
from localcloud.running import running_cloud
from tests.handlers.deployment import FRAUD_SECRET, Service, deploy
from tests.handlers.merchant import listening_merchant

RATES: Final = (50, 75, 100, 150, 200, 300, 400)
RAREST_SHARE: Final = 0.025
"""Of the fraud service's calls: each second one of a tenth of half of the requests."""
SPARE: Final = 1.15
"""Time for more requests than are needed: shares are drawn by chance."""
WARM_UP_SECONDS: Final = 4.0
COLD_SECONDS: Final = 8.0
ENDPOINTS: Final = sum(len(operations(api)) for api in Api)
LIMIT_MS: Final = 500
ANSWERED_SHARE: Final = 0.95
RESULT: Final = Path(__file__).parent.parent / "build" / "bench" / "rates.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One rate and what came of it."""

    rate: int
    seconds: float
    """Without the warm-up."""
    summary: dict[str, Any]

    @property
    def answered_rate(self) -> float:
        """Requests a second that were answered after the warm-up."""
        requests: int = self.summary["total"]["requests"]
        return requests / self.seconds

    @property
    def is_carried(self) -> bool:
        """Whether the cloud kept up and every endpoint was fast."""
        endpoints = self.summary["endpoints"].values()
        is_fast = len(endpoints) == ENDPOINTS and all(
            figures["p99_ms"] < LIMIT_MS and figures["requests"] >= ENOUGH_REQUESTS for figures in endpoints
        )
        return self.answered_rate >= ANSWERED_SHARE * self.rate and not self.summary["total"]["failed"] and is_fast


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rates", type=int, nargs="+", default=list(RATES), help="requests a second")
    options = parser.parse_args()
    steps: list[Step] = []
    with Path(os.devnull).open("w") as quiet, running_cloud(log=quiet) as cloud, listening_merchant() as merchant:
        service = deploy(cloud, "rates")
        for number in range(MERCHANTS):
            service.register_merchant(f"merchant-{number}", merchant.url)
        drive(service, min(options.rates), COLD_SECONDS)  # cold starts are what `handlers_bench` measures
        for rate in options.rates:
            steps.append(drive(service, rate, seconds_for(rate)))
            _print(steps[-1])
            if not steps[-1].is_carried:
                break
    highest = max((step.rate for step in steps if step.is_carried), default=None)
    print(f"highest rate carried with every p99 under {LIMIT_MS} ms: {highest} requests/s on {os.cpu_count()} cores")
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    result = {"highest_rate": highest, "cores": os.cpu_count(), "steps": [{"rate": s.rate, **s.summary} for s in steps]}
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    return 1 if highest is None else 0


def seconds_for(rate: int) -> float:
    """How long it takes until even the rarest endpoint has had enough requests."""
    return math.ceil(SPARE * ENOUGH_REQUESTS / (RAREST_SHARE * rate))


def drive(service: Service, rate: int, seconds: float) -> Step:
    """The figures of one rate over so many seconds, a warm-up left out."""
    with tempfile.TemporaryDirectory(prefix="rates-") as folder:
        load = Load(
            host=f"{service.cloud.endpoint}{service.base_path}",
            users=max(4, rate // 5),
            rate=rate,
            duration_seconds=WARM_UP_SECONDS + seconds,
            warm_up_seconds=WARM_UP_SECONDS,
            shape=Shape.CONSTANT,
            apis=(Api.PAYMENTS, Api.TRANSACTIONS),
            seed=rate,
            snapshots=None,
            summary=Path(folder) / "summary.json",
        )
        secrets = {"PAYMENTS_API_KEY": service.api_key, "FRAUD_WEBHOOK_SECRET": FRAUD_SECRET}
        subprocess.run(load.command(), env=os.environ | secrets, capture_output=True, check=True)  # noqa: S603 - built here
        return Step(rate=rate, seconds=seconds, summary=json.loads((Path(folder) / "summary.json").read_text()))


def _print(step: Step) -> None:
    verdict = "carried" if step.is_carried else "not carried"
    failed = step.summary["total"]["failed"]
    print(f"{step.rate} requests/s offered, {step.answered_rate:.0f} answered, {failed} failed: {verdict}")
    for name, figures in step.summary["endpoints"].items():
        times = f"p50 {figures['p50_ms']:>4} ms   p99 {figures['p99_ms']:>5} ms"
        print(f"    {name:28}{figures['requests']:>7} requests   {times}")


if __name__ == "__main__":
    sys.exit(main())
