"""What a resource type is to the engine: the inputs that it honours, its identity, and four verbs spoken to AWS."""

from collections.abc import Mapping
from typing import Any, ClassVar

from localcloud.resources.cloud import Cloud
from localcloud.resources.shapes import Inputs

Outputs = dict[str, Any]
"""What AWS knows of a resource, under Pulumi's property names."""


def names(text: str) -> frozenset[str]:
    """The space-separated property names as a set."""
    return frozenset(text.split())


class ResourceType:
    """One Pulumi resource type. Stateless: one instance serves every resource of its type, from many threads.

    A subclass declares its properties and speaks four verbs. All ids and outputs are those of the Pulumi AWS provider,
    as far as programs and the AWS console show them.
    """

    kind: ClassVar[str]
    """Pulumi's type token, as in ``aws:sqs/queue:Queue``."""
    service: ClassVar[str]
    """boto3's name of the service."""
    honours: ClassVar[frozenset[str]]
    """Every input that this type carries to AWS. Any other is an error, never dropped."""
    replaces: ClassVar[frozenset[str]] = frozenset()
    """Inputs whose change makes a new resource."""
    identity: ClassVar[tuple[str, ...]] = ()
    """Inputs that together are the physical identity; empty when AWS gives the id. While they stay the same, a
    replacement must delete before it creates."""
    name_property: ClassVar[str | None] = None
    """The input that the engine fills with a generated name when the program gives none."""
    defaults: ClassVar[Mapping[str, Any]] = {}
    """What AWS, or the Pulumi provider, takes where the program gives nothing."""
    stable: ClassVar[frozenset[str]] = frozenset()
    """Outputs that follow from the identity: the same after the resource was lost and made again."""
    documents: ClassVar[frozenset[str]] = frozenset()
    """Inputs that hold JSON text: another layout of the same document is no change."""
    secret_outputs: ClassVar[frozenset[str]] = frozenset()
    """Outputs that are secret whatever the program says."""
    unread: ClassVar[frozenset[str]] = frozenset()
    """Inputs that AWS never gives back (secrets, code), so that a refresh cannot see them drift."""

    def api(self, cloud: Cloud) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
        """This type's client."""
        return cloud.client(self.service)

    def volatile(self, changed: frozenset[str]) -> frozenset[str]:
        """Outputs that an update of these inputs changes, beyond the inputs themselves; unknown in a preview."""
        del changed
        return frozenset()

    def generated_name(self, logical: str, suffix: str, inputs: Inputs) -> str:
        """A physical name for a resource that the program did not name."""
        del inputs
        return f"{logical}-{suffix}"

    def identify(self, cloud: Cloud, inputs: Inputs) -> str | None:
        """The id that a resource with these inputs has, or None when only AWS knows it."""
        del cloud
        return str(inputs[self.identity[0]]) if len(self.identity) == 1 else None

    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        """Makes the resource and returns its id."""
        raise NotImplementedError(self.kind)

    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        """The resource's outputs, and those inputs that AWS gives back; None when it does not exist."""
        raise NotImplementedError(self.kind)

    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        """Brings the existing resource from `old` to `inputs`; `changed` are the top-level names that differ."""
        raise NotImplementedError(self.kind)

    def unprotect(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        """Takes AWS's own protection against deletion off, where the type has one and it is on."""
        del cloud, identifier, state

    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        """Removes the resource; one that is already gone is no error."""
        raise NotImplementedError(self.kind)


class PutType(ResourceType):
    """A type whose create call overwrites what is there, so that an update is the same call again."""

    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        """Puts the whole resource again."""
        del identifier, old, changed
        self.create(cloud, inputs)
