"""`[slo]` of a rollout.toml: what a release is judged by (issue 3)."""

import pytest

from canary.config import parse_request
from canary.core.errors import ConfigError
from canary.core.judge import Attribution, JudgeSettings
from canary.core.model import AliasName, FunctionName, Metric
from canary.core.request import TargetRequest

TARGETS = (TargetRequest(function=FunctionName("pay"), alias=AliasName("live")),)


def judged_by(**slo: object) -> JudgeSettings:
    return parse_request({"slo": slo}, "rollout.toml", by="amy", targets=TARGETS).judge


def test_every_key_reaches_the_judge() -> None:
    settings = judged_by(errors=0.02, slow=0.05, alpha=0.001, tolerance=2, attribution="always")
    assert {spec.metric: spec.limit for spec in settings.specs} == {Metric.ERRORS: 0.02, Metric.SLOW: 0.05}
    assert (settings.alpha, settings.tolerance, settings.attribution) == (0.001, 2.0, Attribution.ALWAYS)


def test_an_empty_table_leaves_the_defaults() -> None:
    assert judged_by() == JudgeSettings()


@pytest.mark.parametrize(
    ("slo", "told"),
    [
        ({"attribution": "sometimes"}, "attribution is 'sometimes', wanted one of auto, always, off"),
        ({"tolerance": 0.5}, "tolerance is 0.5"),
        ({"p99": 500}, "unknown key 'p99'; known are alpha, attribution, errors, slow, tolerance"),
    ],
)
def test_what_cannot_be_judged_by_is_refused(slo: dict[str, object], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        judged_by(**slo)
