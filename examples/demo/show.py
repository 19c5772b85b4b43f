"""What ``python -m examples.demo`` does: a cloud, a deployment, a gate, a good and a bad release, a report.

Leaves build/demo/summary.json and build/demo/report.html; everything that it started has ended when it ends.
"""

import argparse
import json
import os
import signal
import sys
from pathlib import Path
from typing import Final, NoReturn

from examples.demo.commands import CommandFailed, Shell
from examples.demo.page import render_story
from examples.demo.story import ENVIRONMENT, Story, cloud_variables, fresh_folder
from localcloud.engine.errors import EngineError
from localcloud.functions.runtime_client import WITHOUT_IT, has_runtime_client
from localcloud.running import running_cloud
from localcloud.starting import NotStarted

FOLDER: Final = Path("build/demo")
INTERRUPTED: Final = 130


def main(arguments: list[str]) -> int:
    """The exit code: 0 when both releases went as they should, 1 otherwise, 130 when it was interrupted."""
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, _interrupt)
    parser = argparse.ArgumentParser(prog="python -m examples.demo", description=__doc__)
    parser.add_argument(
        "--folder", type=Path, default=FOLDER, help="where to leave what it finds (default: %(default)s)"
    )
    shell = Shell(folder=fresh_folder(parser.parse_args(arguments).folder.resolve()))
    try:
        with (shell.folder / "localcloud.log").open("w") as log, running_cloud(log=log) as cloud:
            try:
                return _report(Story(cloud=cloud, shell=shell), shell.folder)
            finally:
                signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C would leave what the first one ends
                shell.stop_all()
    except KeyboardInterrupt:
        print("\ninterrupted: everything that was started has ended", file=sys.stderr)
        return INTERRUPTED
    except (CommandFailed, EngineError, NotStarted) as failure:
        print(f"demo: {failure}", file=sys.stderr)
        return 1


def _report(story: Story, folder: Path) -> int:
    os.environ |= cloud_variables(story.cloud)
    story.tell(f"embedded cloud on {story.cloud.endpoint}")
    if not has_runtime_client():
        story.tell(WITHOUT_IT)
    releases = story.run()
    told = [release.as_json() for release in releases]
    summary = {"schema": "demo/1", "releases": told}
    (folder / "summary.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    (folder / "report.html").write_text(render_story(releases, ENVIRONMENT), encoding="utf-8")
    for release in told:
        story.tell(
            f"version {release['from_version']} to {release['to_version']}: {release['outcome']}, "
            f"{release['requests']} requests, {release['failed_requests']} failed, "
            f"{release['bad_responses']} bad within {release['seconds_from_first_to_last_bad_response']} s"
        )
    story.tell(f"see {folder}/summary.json and {folder}/report.html")
    lost = releases[0].client["total"]["failed"]
    if lost:
        print(f"demo: the good release lost {lost} requests; it must lose none", file=sys.stderr)
    return 1 if lost else 0


def _interrupt(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt
