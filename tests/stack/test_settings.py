import pytest

from stack.errors import SettingsError
from stack.naming import name
from stack.settings import DEFAULTS, CapacityMode, Environment, parse_settings


@pytest.mark.parametrize(
    ("stack", "expected"),
    [
        ("dev", (512, CapacityMode.ON_DEMAND, 5, False, 30, 5, 10)),
        ("staging", (1024, CapacityMode.PROVISIONED, 5, False, 90, 3, 5)),
        ("prod", (2048, CapacityMode.PROVISIONED, 20, True, 365, 1, 2)),
    ],
)
def test_each_environment_has_the_settings_of_d1(stack: str, expected: tuple[object, ...]) -> None:
    settings = parse_settings(stack, "us-east-1", {})
    seen = (
        settings.memory_mb,
        settings.capacity_mode,
        settings.minimum_capacity,
        settings.point_in_time_recovery,
        settings.audit_retention_days,
        settings.error_threshold,
        settings.throttle_threshold,
    )
    assert seen == expected


@pytest.mark.parametrize(("long", "short"), [("development", "dev"), ("stg", "staging"), ("production", "prod")])
def test_the_long_forms_name_the_same_environments(long: str, short: str) -> None:
    assert parse_settings(long, "us-east-1", {}) == parse_settings(short, "us-east-1", {})


@pytest.mark.parametrize("stack", ["", "test", "DEV", "prod2", "live"])
def test_an_unknown_environment_is_refused_and_never_taken_for_another(stack: str) -> None:
    with pytest.raises(SettingsError, match="unknown environment"):
        Environment.parse(stack)


def test_an_unknown_key_is_refused_because_it_is_most_likely_a_typing_error() -> None:
    with pytest.raises(SettingsError, match="unknown setting bluegreen-payments:memoryMB"):
        parse_settings("dev", "us-east-1", {"memoryMB": "512"})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("memoryMb", "64"),
        ("memoryMb", "lots"),
        ("maximumCapacity", "4"),
        ("maximumCapacity", "0"),
        ("minimumCapacity", "0"),
        ("startingCapacity", "4"),
        ("startingCapacity", "51"),
        ("memoryMb", "10241"),
        ("asyncMemoryMb", "127"),
        ("memoryMb", ""),
        ("reservedConcurrency", "0"),
        ("budgetUsd", "0"),
        ("merchants", "acme"),
        ("merchants", '{"acme--eu": "https://acme.example"}'),
        ("merchants", f'{{"{32 * "a"}": "https://acme.example"}}'),
        ("inventory", "no/such/file.json"),
        ("vpcCidr", "10.20.128.0/17"),
        ("vpcCidr", "10.30.0.0/16"),
        ("capacityMode", "serverless"),
        ("pointInTimeRecovery", "yes"),
        ("logRetentionDays", "8"),
        ("vpcCidr", "10.0.0.0/33"),
        ("vpcCidr", "8.8.0.0/16"),
        ("vpcCidr", "10.0.0.0/28"),
        ("vpcCidr", "10.0.0.1/16"),
        ("cacheSizeGb", "2"),
        ("account", "12345"),
        ("alertEmail", "nobody"),
        ("runtime", "nodejs22.x"),
        ("dataClassification", ""),
        ("bundle", "no/such/folder"),
    ],
)
def test_a_value_that_cannot_work_is_one_line_with_key_value_and_command(key: str, value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        parse_settings("dev", "us-east-1", {key: value})
    text = str(refused.value)
    assert f"bluegreen-payments:{key} of stack dev is {value!r}, wanted " in text
    assert f"pulumi config set {key} VALUE --stack dev" in text
    assert "\n" not in text


def test_a_minimum_over_the_maximum_names_both() -> None:
    with pytest.raises(SettingsError, match="maximumCapacity of stack dev is '50', wanted a whole number from 60 to"):
        parse_settings("dev", "us-east-1", {"minimumCapacity": "60"})


def test_the_longest_merchant_fits_into_every_name() -> None:
    settings = parse_settings("staging", "us-east-1", {"merchants": f'{{"{31 * "a"}": "https://acme.example"}}'})
    assert all(name("parameter", f"{each}-webhook-secret", settings.environment) for each in settings.merchants)


def test_a_region_must_look_like_one() -> None:
    with pytest.raises(SettingsError, match="aws:region is 'nowhere'"):
        parse_settings("dev", "nowhere", {})


def test_every_environment_knows_the_same_keys() -> None:
    keys = [set(defaults) for defaults in DEFAULTS.values()]
    assert keys[0] == keys[1] == keys[2]


def test_the_environments_networks_do_not_overlap() -> None:
    networks = [parse_settings(each, "us-east-1", {}).vpc_cidr for each in Environment]
    assert not any(a.overlaps(b) for a in networks for b in networks if a is not b)
