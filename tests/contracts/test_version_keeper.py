"""What every VersionKeeper does, the fake and the adapter alike (issue 4, coexistence)."""

from datetime import UTC, datetime, timedelta

import pytest

from canary.core.errors import ConfigError, RolloutConflict
from canary.core.model import Version
from tests.contracts.conftest import KeptVersions


def numbers(versions: KeptVersions) -> list[str]:
    return sorted(each.version for each in versions.keeper.list_versions(versions.function))


def test_every_published_version_is_told_with_its_time(versions: KeptVersions) -> None:
    assert numbers(versions) == ["1", "2", "3"]
    for each in versions.keeper.list_versions(versions.function):
        assert each.published_at.tzinfo is UTC
        assert each.published_at < datetime.now(tz=UTC) + timedelta(minutes=1)


def test_every_alias_is_told_with_both_versions_that_it_serves(versions: KeptVersions) -> None:
    (routing,) = versions.keeper.list_aliases(versions.function).values()

    assert (routing.stable, routing.canary) == ("1", "2")


def test_one_version_goes_and_the_function_stays(versions: KeptVersions) -> None:
    versions.keeper.delete_version(versions.function, Version("3"))
    versions.keeper.delete_version(versions.function, Version("3"))

    assert numbers(versions) == ["1", "2"]


@pytest.mark.parametrize("version", ["1", "2"])
def test_a_version_that_an_alias_refers_to_is_not_deleted(versions: KeptVersions, version: str) -> None:
    with pytest.raises(RolloutConflict, match=f"version {version} of {versions.function} is in use"):
        versions.keeper.delete_version(versions.function, Version(version))

    assert numbers(versions) == ["1", "2", "3"]


@pytest.mark.parametrize("version", ["", "$LATEST", "live"])
def test_without_a_version_s_number_nothing_is_deleted(versions: KeptVersions, version: str) -> None:
    """Without a Qualifier Lambda deletes the function, with all of its versions and aliases."""
    with pytest.raises(ConfigError, match="is no published version"):
        versions.keeper.delete_version(versions.function, Version(version))

    assert numbers(versions) == ["1", "2", "3"]
