import json
import re

import pytest

from stack import cost
from stack.estimate import Load, design_of, estimate, load_at_cap, total, unoptimised
from stack.prices import Tier, price, tiered
from stack.settings import parse_settings
from tests.stack.recording import Graph

LOAD = Load()


def bill(environment: str = "prod", **config: str) -> cost.Comparison:
    return cost.compare(environment, LOAD, config)


def test_production_saves_forty_percent_under_the_cap_at_the_stated_load() -> None:
    """A10: 30M requests a month, a fifth of them payments."""
    compared = bill()
    assert compared.saved >= 0.4
    assert total(compared.lines) < compared.cap_usd == 500


def test_the_unoptimised_design_differs_only_in_what_a10_names() -> None:
    design = design_of(parse_settings("prod", "us-east-1", {}), alarm_metrics=3)
    before = unoptimised(design)
    assert (before.steps_are_functions, before.memory_mb, before.is_arm) == (True, 3072, False)
    assert (before.minimum_capacity, before.cache_size_gb, before.log_retention_days) == (None, None, None)
    assert (before.nat_gateway, before.alarm_metrics) == (design.nat_gateway, design.alarm_metrics)


def test_the_bill_reaches_the_cap_at_the_load_that_is_told() -> None:
    design = design_of(parse_settings("prod", "us-east-1", {}), alarm_metrics=40)
    requests = load_at_cap(design, LOAD, 500)
    assert total(estimate(design, Load(requests=requests))) == pytest.approx(500, abs=0.01)


def test_a_nat_gateway_costs_what_its_hours_cost() -> None:
    added = total(bill(natGateway="true").lines) - total(bill().lines)
    assert added == pytest.approx(730 * 0.045)


def test_tiers_are_paid_part_by_part() -> None:
    steps = (Tier(up_to=10, usd=2), Tier(up_to=20, usd=1), Tier(up_to=None, usd=0.5))
    assert tiered(25, steps) == 10 * 2 + 10 * 1 + 5 * 0.5


def test_a_price_says_where_it_is_from_and_how_sure_it_is() -> None:
    key = price("kms", "key_month")
    assert (key.usd, key.rating.confidence) == (1.0, "A")
    assert "AWS price list" in key.rating.source


@pytest.mark.parametrize(("size", "confidence"), [("0.5", "A"), ("1.6", "B"), ("237", "A")])
def test_only_the_cache_sizes_of_the_price_list_are_sure(size: str, confidence: str) -> None:
    (cache,) = (line for line in bill(cacheSizeGb=size).lines if line.resource == "API Gateway cache")
    assert cache.rating.confidence == confidence


def test_every_line_of_the_bill_names_the_source_of_its_price(capsys: pytest.CaptureFixture[str]) -> None:
    cost.main(["--json"])
    told = json.loads(capsys.readouterr().out)["lines"]
    cost.main([])
    sources = " ".join(capsys.readouterr().out.split("how sure they are:")[1].split())
    for line in told:
        after = sources.split(f"{line['confidence']} {line['source']}: ")[1]
        assert re.match(rf"[\w ,-]*\b{line['resource']}\b", after), line["resource"]


def test_the_estimate_counts_the_alarms_that_the_program_declares(graph: Graph) -> None:
    alarms = [each.inputs for each in graph.of("aws:cloudwatch/metricAlarm:MetricAlarm")]
    metrics = sum(sum("metric" in query for query in each.get("metricQueries") or []) or 1 for each in alarms)
    assert cost.ALARM_METRICS[graph.outputs["environment"]] == metrics


def test_the_command_prints_a_table_with_a_chart(capsys: pytest.CaptureFixture[str]) -> None:
    assert cost.main(["--env", "prod", "--requests", "30M"]) == 0
    printed = capsys.readouterr().out
    assert "Lambda compute" in printed
    assert "█" in printed
    assert "of the unoptimised design" in printed


def test_the_json_sums_up_to_the_total(capsys: pytest.CaptureFixture[str]) -> None:
    cost.main(["--json"])
    told = json.loads(capsys.readouterr().out)
    assert sum(line["usd"] for line in told["lines"]) == pytest.approx(told["total_usd"], abs=0.2)


def test_a_load_over_the_cap_is_a_failed_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    assert cost.main(["--requests", "300M"]) == 1
    assert "500 USD are reached" in capsys.readouterr().out


def test_a_long_name_of_an_environment_costs_the_same() -> None:
    assert bill("production").lines == bill("prod").lines


@pytest.mark.parametrize("arguments", [["--env", "test"], ["--set", "memoryMb=1"], ["--set", "nonsense"]])
def test_bad_input_is_one_line_on_stderr(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cost.main(arguments) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
