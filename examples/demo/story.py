"""What the demo does, in order: a cloud, a stack, a gate, a good release under load, a bad one under load."""

import json
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from examples.demo.commands import ROOT, CommandFailed, Shell
from examples.demo.figures import Figures, Release, Watched, client_line, summarise
from examples.releases import EXAMPLES, build_release
from localcloud.engine.deploy import deploy
from localcloud.engine.jobs import Result
from localcloud.running import RunningCloud
from localcloud.settings import ACCESS_KEY, SECRET_KEY

ENVIRONMENT: Final = "dev"
RATE_BESIDE_GATE: Final = "45"
RATE: Final = "60"
"""Requests a second: fewer beside the gate, which asks for as many itself."""
WARM_S: Final = 4
"""Traffic before the first release: until then nobody knows how the stable version does."""
STRATEGY: Final = "50%:15s,100%:10s"
"""A first step in which the fault, which a fortieth of all requests shows, is beyond doubt."""
TOLD_EVERY_S: Final = 5
PROMOTED, ROLLED_BACK = "promoted", "rolled_back"


@dataclass
class Story:
    """One run of the demo in one folder."""

    cloud: RunningCloud
    shell: Shell
    began: float = field(default_factory=time.monotonic)
    outputs: Mapping[str, Any] = field(default_factory=dict)

    def tell(self, text: str = "") -> None:
        """A line with the seconds since the start."""
        print(f"{time.monotonic() - self.began:6.1f} s  {text}", flush=True)

    def run(self) -> list[Release]:
        """Both releases, as they went."""
        self.shell.environment |= cloud_variables(self.cloud) | {"PYTHONPATH": str(ROOT)}
        self._apply("the stack: version 1", {})
        good = self._release("healthy_release", gate=True, expect=PROMOTED)
        bad = self._release("faulty_release", gate=False, expect=ROLLED_BACK)
        return [good, bad]

    def _apply(self, what: str, extra: dict[str, str]) -> Result:
        self.tell(f"localcloud apply --env {ENVIRONMENT}   # {what}")
        result = deploy(ROOT, ENVIRONMENT, self.cloud.endpoint, extra_config=extra, home=self.shell.folder / "state")
        self.outputs = result.outputs
        changed = sum(change.operation.value not in ("same", "read") for change in result.changes)
        self.tell(f"  {changed} of {len(result.changes)} resources changed in {result.seconds:.1f} s")
        return result

    def _release(self, overlay: str, *, gate: bool, expect: str) -> Release:
        watched = self._drive_load(overlay, RATE_BESIDE_GATE if gate else RATE)
        self._warm_up(watched)
        bundle = build_release(EXAMPLES / overlay, self.shell.folder / "releases" / overlay)
        self._apply(f"{overlay}: a new version, 0 % of the traffic", {"bundle": str(bundle)})
        arguments = ["--env", ENVIRONMENT, "--strategy", STRATEGY, "--tick", "2s", "--min-requests", "100"]
        if gate:
            arguments += ["--gate", self._gate()]
        self.tell(f"canary release {' '.join(arguments[:4])} ...")
        arguments += ["--why", overlay.replace("_", " ")]
        with self._telling_callers(watched):
            report = self._released(arguments)
            if gate and _failed_the_gate(report):
                self.tell(
                    "  the gate said no before any traffic: so slow is a machine busy with other work too; once more"
                )
                report = self._released(arguments)
        self.shell.stop(watched.process)
        if report["outcome"] != expect:
            raise CommandFailed(f"{overlay} was to be {expect} and is {report['outcome']}: {report['reason']}")
        return summarise(report, watched)

    def _released(self, arguments: list[str]) -> Figures:
        """The controller's report of a release, whether promoted or rolled back."""
        told = self.shell.run(
            "canary", "release", *arguments, "--json", expect=(0, 1), on_line=lambda line: self.tell(f"  {line}")
        )
        report: Figures = json.loads(told)
        return report

    def _drive_load(self, name: str, rate: str) -> Watched:
        snapshots, summary = (self.shell.folder / f"{name}.{kind}" for kind in ("snapshots.jsonl", "client.json"))
        snapshots.unlink(missing_ok=True)
        self.tell(f"python -m loadtests.run --host <live> --rate {rate}   # Locust, until the release has ended")
        process = self.shell.start(
            sys.executable, "-m", "loadtests.run", "--host", self.outputs["live_url"], "--rate", rate, "--users", "12",
            "--duration", "600", "--snapshots", str(snapshots), "--summary", str(summary),
            log=self.shell.folder / f"{name}.locust.log",
        )  # fmt: skip
        return Watched(process=process, snapshots=snapshots, summary=summary)

    def _warm_up(self, watched: Watched) -> None:
        until = time.monotonic() + WARM_S
        while time.monotonic() < until:
            if watched.process.poll() is not None:
                raise CommandFailed(
                    f"the load ended early, with exit code {watched.process.returncode}; see *.locust.log"
                )
            time.sleep(0.2)
        self.tell(client_line(watched))

    def _gate(self) -> str:
        """Asks 400 times where 299 are needed; few users, so that few environments start for them, and all before."""
        return (
            f"{sys.executable} -m loadtests.gate --host {self.outputs['preview_url']} --rate 40 --users 8 "
            f"--duration 15 --warm-up 5 --min-requests 299 --json {self.shell.folder / 'gate.json'}"
        )

    @contextmanager
    def _telling_callers(self, watched: Watched) -> Iterator[None]:
        """Beside what the controller says, every few seconds what the callers see."""
        ended = threading.Event()

        def tell() -> None:
            while not ended.wait(TOLD_EVERY_S):
                self.tell(client_line(watched))

        teller = threading.Thread(target=tell, daemon=True)
        teller.start()
        try:
            yield
        finally:
            ended.set()
            teller.join()
            self.tell(client_line(watched))


def _failed_the_gate(report: Figures) -> bool:
    return report["outcome"] == ROLLED_BACK and str(report["reason"]).startswith("hook gate failed")


def cloud_variables(cloud: RunningCloud) -> dict[str, str]:
    """What `localcloud env` prints: the ordinary AWS settings. Nothing else tells the commands where they are."""
    return {
        "AWS_ENDPOINT_URL": cloud.endpoint,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_DEFAULT_REGION": cloud.region,
        "AWS_REGION": cloud.region,
    }


def fresh_folder(path: Path) -> Path:
    """The folder for what the demo leaves; the state of an earlier run belonged to a cloud that is gone."""
    path.mkdir(parents=True, exist_ok=True)
    for state in (path / "state").glob("*"):
        state.unlink()
    return path
