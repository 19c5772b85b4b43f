"""An alias that nobody's rollout left with two versions is put right: one conditional write, and a note of it."""

from canary.core.errors import ConfigError
from canary.core.model import AliasName, AliasRouting, FunctionName
from canary.core.orders import AdoptTo, AuditNote, Deed, adopted
from canary.ports import World


def adopt_alias(
    world: World, function: FunctionName, alias: AliasName, *, to: AdoptTo, by: str, why: str
) -> AliasRouting | None:
    """What the alias serves now; None where it serves one version already and nothing was written.

    Raises:
        ConfigError: there is no such alias, or the version that it should serve alone is not Active.
        RolloutConflict: an open rollout holds the alias.
        StaleWrite: somebody else wrote the alias at the same moment.
    """
    resource = f"{function}:{alias}"
    routing = world.router.read_routing(function, alias)
    if routing is None:
        raise ConfigError(f"there is no alias {resource}; aws lambda list-aliases --function-name {function}")
    wanted = adopted(resource, routing, world.store.find_open(function, alias), to)
    if wanted is None:
        return None
    facts = world.router.find_version(function, wanted.stable)
    if facts is None or facts.state not in ("Active", "Inactive"):
        raise ConfigError(f"version {wanted.stable} of {function} cannot serve; adopt the other one with --to")
    written = world.router.write_routing(function, alias, wanted)
    told = f"{routing} -> {written}: {why}"
    world.orders.note(AuditNote(at=world.clock.now(), by=by, deed=Deed.ADOPTED, object=resource, why=told))
    return written
