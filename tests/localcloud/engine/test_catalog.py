"""Every resource type agrees with the Pulumi AWS provider on its property names."""

import importlib
import json
import re
from pathlib import Path

import pulumi_aws
import pytest
from pulumi._types import input_type_py_to_pulumi_names

from localcloud.resources.catalog import CATALOG
from localcloud.resources.model import ResourceType

# pulumi_aws warns at import of modules that hold deprecated resources beside the current ones
pytestmark = pytest.mark.filterwarnings("ignore:.* has been deprecated in favor of:DeprecationWarning")


def declared_classes() -> dict[str, tuple[str, str]]:
    """Type token -> (module, class) from the table that pulumi_aws registers at import."""
    source = Path(pulumi_aws.__file__).read_text()
    table = re.search(r'resource_modules="""\s*(\[.*?\])\s*"""', source, re.DOTALL)
    assert table
    entries = json.loads(table[1])
    return {kind: (entry["fqn"], name) for entry in entries for kind, name in entry["classes"].items()}


CLASSES = declared_classes()


def property_names(kind: str, *candidates: str) -> set[str]:
    """Pulumi's names of the first of these classes that the resource's own module declares."""
    fqn, name = CLASSES[kind]
    module = importlib.import_module(getattr(importlib.import_module(fqn), name).__module__)
    declared = [getattr(module, each) for each in candidates if getattr(module, each, None)]
    own = next(each for each in declared if each.__module__ == module.__name__)
    return set(input_type_py_to_pulumi_names(own).values())


@pytest.mark.parametrize("kind", sorted(CATALOG))
def test_every_honoured_property_is_one_of_the_provider(kind: str) -> None:
    _, name = CLASSES[kind]

    known = property_names(kind, f"{name}InitArgs", f"{name}Args")

    assert CATALOG[kind].honours <= known


@pytest.mark.parametrize("kind", sorted(CATALOG))
def test_stable_and_secret_outputs_are_outputs_of_the_provider(kind: str) -> None:
    _, name = CLASSES[kind]
    resource: ResourceType = CATALOG[kind]

    known = property_names(kind, f"_{name}State")

    assert resource.stable | resource.secret_outputs <= known | {"value"}


@pytest.mark.parametrize("kind", sorted(CATALOG))
def test_what_replaces_identifies_or_defaults_is_honoured(kind: str) -> None:
    resource = CATALOG[kind]

    named = {resource.name_property} if resource.name_property else set()

    assert resource.replaces | set(resource.identity) | set(resource.defaults) | named <= resource.honours
    assert resource.documents | (resource.unread & resource.honours) <= resource.honours
