"""The demo's report.html: each release as the controller recorded it, and as the callers saw it."""

from datetime import UTC, datetime

from canary.core.model import RolloutId
from canary.report import report_rollout
from canary.report_page import render_page, render_release, render_table
from canary.wiring import connect_clients, read_published, wire
from examples.demo.figures import Figures, Release

INTRODUCTION = (
    '<p class="soft">A good release and a bad one on the embedded cloud: real HTTP through API Gateway, real Lambda '
    "code, a weighted alias, Locust as the callers. Times are this machine's.</p>"
)


def render_story(releases: list[Release], environment: str) -> str:
    """The page; reads the rollouts from the store that the stack of `environment` published."""
    clients = connect_clients(None)
    store = wire(clients, read_published(clients, environment).store).world.store
    sections = [INTRODUCTION]
    for release in releases:
        rollout_id = RolloutId(release.report["rollout"])
        rollout, recorded = store.load_rollout(rollout_id), store.read_recorded(rollout_id)
        assert rollout is not None, "the report came from this store"
        story = report_rollout(rollout, store.read_ledger(rollout_id), recorded, now=datetime.now(tz=UTC))
        sections += [render_release(story, recorded), _callers(release.as_json())]
    return render_page("Blue/green releases of the payments API", sections)


def _callers(release: Figures) -> str:
    versions = [
        (f"version {version}", *(_number(seen[name]) for name in ("requests", "failed", "bad", "p50_ms", "p99_ms")))
        for version, seen in release["by_version"].items()
    ]
    steps = [
        (
            f"{step['weight_percent']:g} %",
            f"{step['seconds']:g} s",
            *(_number(step["requests_by_version"].get(release[arm])) for arm in ("from_version", "to_version")),
            "-" if step["observed_share"] is None else f"{100 * step['observed_share']:.1f} %",
        )
        for step in release["steps"]
    ]
    seconds = release["seconds_from_first_to_last_bad_response"]
    return (
        "<h3>As the callers saw it</h3>"
        f"<p>{release['requests']} requests, {release['failed_requests']} failed, {release['bad_responses']} bad "
        f"(status 500 or more, or over 500 ms), {seconds} s from the first bad one to the last.</p>"
        + render_table(("answered by", "requests", "failed", "bad", "p50 ms", "p99 ms"), versions)
        + render_table(("weight", "for", "stable", "candidate", "observed share"), steps)
    )


def _number(value: int | None) -> str:
    return "-" if value is None else str(value)
