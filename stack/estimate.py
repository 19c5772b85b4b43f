"""What a design costs a month under a load, line by line. Pure: prices in, lines out; free tiers are left out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from stack.prices import HOURS_A_MONTH, Rating, cache_hour, price, rating, tiered, tiers

if TYPE_CHECKING:
    from stack.settings import Settings

MILLION: Final = 1_000_000
SECONDS_A_MONTH: Final = HOURS_A_MONTH * 3600
BACKUP_COPIES: Final = 30
"""Daily backups that are kept for 30 days; each is a full copy."""

SCALING_TARGET: Final = 0.7
MANAGED_RULE_GROUPS: Final = 2
TRACE_SHARE: Final = 0.05
"""X-Ray's default sampling: five in a hundred, beside one a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A month of traffic. Durations and sizes are assumptions: give your own where you have measured them."""

    requests: float = 30 * MILLION
    write_share: float = 0.2
    transactions: float = 1 * MILLION
    step_ms: float = 150
    """One of the three steps of a payment (validation, processing, notification), or one read."""
    cache_hits: float = 0.8
    """The share of reads that a cache answers, where there is one."""
    log_kb: float = 1.0
    """Log text of one invocation."""
    stored_gb: float = 10
    months: int = 12
    """The age at which the bill is read: logs that nobody deletes have grown for so long."""

    @property
    def writes(self) -> float:
        """Payments taken."""
        return self.requests * self.write_share

    @property
    def reads(self) -> float:
        """Requests that only look."""
        return self.requests - self.writes


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """What makes one design dearer than another."""

    name: str
    steps_are_functions: bool
    """Whether each step of a payment is a function of its own, invoked and billed apart."""
    memory_mb: int
    async_memory_mb: int
    is_arm: bool
    minimum_capacity: int | None
    """Units that a provisioned table and its index never go below; None is on demand."""
    maximum_capacity: int
    cache_size_gb: str | None
    log_retention_days: int | None
    nat_gateway: bool
    alarm_metrics: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the bill."""

    resource: str
    quantity: str
    usd: float
    rating: Rating


def design_of(settings: Settings, *, alarm_metrics: int) -> Design:
    """The design that an environment's settings describe."""
    provisioned = settings.capacity_mode == "provisioned"
    return Design(
        name=f"this design, {settings.environment}",
        steps_are_functions=False,
        memory_mb=settings.memory_mb,
        async_memory_mb=settings.async_memory_mb,
        is_arm=settings.architecture == "arm64",
        minimum_capacity=settings.minimum_capacity if provisioned else None,
        maximum_capacity=settings.maximum_capacity,
        cache_size_gb=settings.cache_size_gb,
        log_retention_days=settings.log_retention_days,
        nat_gateway=settings.nat_gateway,
        alarm_metrics=alarm_metrics,
    )


def unoptimised(design: Design) -> Design:
    """The same service as it was before (A10), with the same protections: only what A10 names differs."""
    return replace(
        design,
        name="unoptimised",
        steps_are_functions=True,
        memory_mb=3072,
        async_memory_mb=3072,
        is_arm=False,
        minimum_capacity=None,
        cache_size_gb=None,
        log_retention_days=None,
    )


def estimate(design: Design, load: Load) -> tuple[Line, ...]:
    """The bill, one line a resource; resources that cost nothing are left out."""
    lines = (
        _api(load),
        *_cache(design),
        *_functions(design, load),
        *_tables(design, load),
        *_logs(design, load),
        *_queues(load),
        *_fixed(design, load),
    )
    return tuple(line for line in lines if line.usd > 0)


def total(lines: tuple[Line, ...]) -> float:
    """The sum of a bill in USD."""
    return sum(line.usd for line in lines)


def load_at_cap(design: Design, load: Load, cap_usd: float) -> float:
    """The requests a month at which the bill reaches the cap, everything else of the load unchanged; 0 if below."""
    lowest, highest = 0.0, 10_000.0 * MILLION
    for _ in range(60):
        middle = (lowest + highest) / 2
        fits = total(estimate(design, replace(load, requests=middle))) <= cap_usd
        lowest, highest = (middle, highest) if fits else (lowest, middle)
    return lowest


def _line(resource: str, quantity: str, amount: float, service: str, item: str) -> Line:
    each = price(service, item)
    return Line(resource=resource, quantity=quantity, usd=amount * each.usd, rating=each.rating)


def _millions(count: float) -> str:
    return f"{count / MILLION:,.1f}M"


def _api(load: Load) -> Line:
    usd = tiered(load.requests, tiers("apigateway_rest", "requests_per_1M_tiers", "upto")) / MILLION
    rated = rating("apigateway_rest", "requests_conf")
    return Line(resource="API Gateway requests", quantity=_millions(load.requests), usd=usd, rating=rated)


def _cache(design: Design) -> tuple[Line, ...]:
    if design.cache_size_gb is None:
        return ()
    hour, size = cache_hour(design.cache_size_gb), f"{design.cache_size_gb} GB"
    return (Line(resource="API Gateway cache", quantity=size, usd=hour.usd * HOURS_A_MONTH, rating=hour.rating),)


def _reads_that_arrive(design: Design, load: Load) -> float:
    return load.reads * (1 - load.cache_hits if design.cache_size_gb else 1)


def _invocations(design: Design, load: Load) -> float:
    per_payment = 3 if design.steps_are_functions else 1
    return load.writes * per_payment + _reads_that_arrive(design, load) + 3 * load.transactions


def _functions(design: Design, load: Load) -> tuple[Line, ...]:
    steps = load.writes * 3 + _reads_that_arrive(design, load)
    seconds = load.step_ms / 1000
    gb_seconds = steps * seconds * design.memory_mb / 1024
    gb_seconds += 3 * load.transactions * seconds * design.async_memory_mb / 1024
    chip = "arm" if design.is_arm else "x86"
    usd = tiered(gb_seconds, tiers("lambda", f"gb_s_{chip}_tiers", "upto_gb_s"))
    count = _invocations(design, load)
    return (
        Line(
            resource="Lambda compute",
            quantity=f"{_millions(gb_seconds)} GB-s, {chip}",
            usd=usd,
            rating=rating("lambda", "gb_s_conf"),
        ),
        _line("Lambda requests", _millions(count), count / MILLION, "lambda", "requests_per_1M"),
    )


def _tables(design: Design, load: Load) -> tuple[Line, ...]:
    reads = _reads_that_arrive(design, load)
    data = (
        _line("DynamoDB storage", f"{2 * load.stored_gb:g} GB", 2 * load.stored_gb, "dynamodb", "storage_gb_month"),
        _line("DynamoDB recovery", f"{load.stored_gb:g} GB", load.stored_gb, "dynamodb", "pitr_gb_month"),
        _line(
            "Daily backups",
            f"{BACKUP_COPIES * load.stored_gb:g} GB",
            BACKUP_COPIES * load.stored_gb,
            "backup_dynamodb",
            "gb_month_warm",
        ),
    )
    on_demand_writes = 4 * load.transactions + (2 * load.writes if design.minimum_capacity is None else 0)
    on_demand_reads = 2 * load.transactions + (reads if design.minimum_capacity is None else 0)
    asked = (
        _line(
            "DynamoDB writes",
            _millions(on_demand_writes),
            on_demand_writes / MILLION,
            "dynamodb",
            "on_demand_write_per_1M",
        ),
        _line(
            "DynamoDB reads", _millions(on_demand_reads), on_demand_reads / MILLION, "dynamodb", "on_demand_read_per_1M"
        ),
    )
    if design.minimum_capacity is None:
        return (*data, *asked)
    wcu, rcu = (2 * provisioned_units(design, rate / SECONDS_A_MONTH) for rate in (load.writes, reads))
    return (
        *data,
        *asked,
        _line("DynamoDB write units", f"{wcu:.0f} WCU", wcu * HOURS_A_MONTH, "dynamodb", "wcu_hour"),
        _line("DynamoDB read units", f"{rcu:.0f} RCU", rcu * HOURS_A_MONTH, "dynamodb", "rcu_hour"),
    )


def provisioned_units(design: Design, a_second: float) -> float:
    """The units that auto-scaling keeps on average for that many requests a second, for a table or an index."""
    return min(max(a_second / SCALING_TARGET, design.minimum_capacity or 0), design.maximum_capacity)


def _logs(design: Design, load: Load) -> tuple[Line, ...]:
    gb = (_invocations(design, load) + load.requests) * load.log_kb / MILLION
    kept = gb * (load.months if design.log_retention_days is None else design.log_retention_days / 30)
    traces = (load.requests + load.transactions) * TRACE_SHARE / MILLION
    return (
        _line("Logs written", f"{gb:,.0f} GB", gb, "cloudwatch", "logs_ingest_gb"),
        _line("Logs kept", f"{kept:,.0f} GB", kept, "cloudwatch", "logs_storage_gb_month"),
        _line("X-Ray traces", f"{traces:.1f}M", traces, "xray", "recorded_per_1M"),
    )


def _queues(load: Load) -> tuple[Line, ...]:
    calls = 6 * load.transactions
    announced = load.writes
    return (
        _line("SQS FIFO requests", _millions(calls), calls / MILLION, "sqs", "fifo_per_1M"),
        _line("SNS publishes", _millions(announced), announced / MILLION, "sns", "publish_per_1M_after_1M"),
    )


def _fixed(design: Design, load: Load) -> tuple[Line, ...]:
    count = design.alarm_metrics
    nat = HOURS_A_MONTH if design.nat_gateway else 0
    return (
        _line("Web ACL", "1", 1, "wafv2", "web_acl_month"),
        _line("Web ACL rules", str(MANAGED_RULE_GROUPS), MANAGED_RULE_GROUPS, "wafv2", "rule_month"),
        _line("Web ACL requests", _millions(load.requests), load.requests / MILLION, "wafv2", "requests_per_1M"),
        _line("Alarms", f"{count} metrics", count, "cloudwatch", "alarm_standard_per_metric"),
        _line("Release health alarm", "1", 1, "cloudwatch", "alarm_composite"),
        _line("Dashboard", "1", 1, "cloudwatch", "dashboard_month"),
        _line("Encryption key", "1", 1, "kms", "key_month"),
        _line("NAT gateway", f"{nat} h", nat, "nat_gateway", "hour"),
    )
