"""The ways into a function: event source mappings, integrations of REST APIs, and permissions of resource policies."""

import json
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from canary.aws.clients import Clients, aws_errors, error_code
from canary.core.facts import Way, WayKind
from canary.core.model import FunctionName, Version

if TYPE_CHECKING:
    from types_boto3_apigateway import APIGatewayClient
    from types_boto3_apigateway.type_defs import ResourceTypeDef, StageTypeDef

Ways = Mapping[FunctionName, tuple[Way, ...]]

_FUNCTION: Final = re.compile(r":function:(?P<name>[A-Za-z0-9_-]+)(?::(?P<qualifier>[^:/]+))?")
_STAGE_VARIABLE: Final = re.compile(r"\$\{stageVariables\.(\w+)\}")


class WayFinder:
    """Finds everything that names a function. HTTP APIs and callers with rights of their own are not looked at."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def find(self, kind: WayKind, functions: Mapping[FunctionName, Sequence[Version]]) -> Ways:
        """The ways of one kind. Event sources and APIs are listed once for all functions, policies one by one."""
        listing: Mapping[WayKind, Callable[[], Iterator[tuple[str, Way]]]] = {
            WayKind.EVENT_SOURCE: self._event_sources,
            WayKind.API: self._integrations,
            WayKind.PERMISSION: lambda: self._permissions(functions),
        }
        found: dict[FunctionName, tuple[Way, ...]] = dict.fromkeys(functions, ())
        with aws_errors(f"listing {kind}s"):
            for name, way in listing[kind]():
                if (function := FunctionName(name)) in found:
                    found[function] = (*found[function], way)
        return found

    def _event_sources(self) -> Iterator[tuple[str, Way]]:
        """One `ListEventSourceMappings` a page, of the whole account and region."""
        pages = self._clients.functions.get_paginator("list_event_source_mappings").paginate()
        for mapping in (mapping for page in pages for mapping in page["EventSourceMappings"]):
            if (named := _FUNCTION.search(mapping["FunctionArn"])) is not None:
                source = mapping.get("EventSourceArn", "").rsplit(":", 1)[-1] or mapping["UUID"]
                mend = (
                    f"aws lambda update-event-source-mapping --uuid {mapping['UUID']} "
                    f"--function-name {named['name']}:{{alias}}"
                )
                yield named["name"], _way(WayKind.EVENT_SOURCE, source, named["qualifier"], mend)

    def _integrations(self) -> Iterator[tuple[str, Way]]:
        """One `GetRestApis` a page, then one `GetStages` and one `GetResources` a page for each API."""
        client = self._clients.apis()
        for api in (api for page in client.get_paginator("get_rest_apis").paginate() for api in page.get("items", ())):
            stages = client.get_stages(restApiId=api["id"]).get("item", [])
            for resource, method, uri in _uris(client, api["id"]):
                yield from _integrated(api, stages, resource, method, uri)

    def _permissions(self, functions: Mapping[FunctionName, Sequence[Version]]) -> Iterator[tuple[str, Way]]:
        """One `GetPolicy` for each function, and one for each of its versions."""
        for function, versions in functions.items():
            for qualifier in (None, *versions):
                for statement in self._statements(function, qualifier):
                    yield function, _permission(function, qualifier, statement)

    def _statements(self, function: FunctionName, qualifier: Version | None) -> Iterator[Mapping[str, Any]]:
        name = function if qualifier is None else f"{function}:{qualifier}"
        try:
            policy = json.loads(self._clients.functions.get_policy(FunctionName=name)["Policy"])
        except ClientError as error:
            if error_code(error) == "ResourceNotFoundException":
                return
            raise
        yield from (statement for statement in policy["Statement"] if statement["Effect"] == "Allow")


def _uris(client: "APIGatewayClient", api: str) -> Iterator[tuple["ResourceTypeDef", str, str]]:
    """Every resource, method and URI of an API's integrations, as they stand now, deployed or not."""
    pages = client.get_paginator("get_resources").paginate(restApiId=api, embed=["methods"])
    for resource in (resource for page in pages for resource in page.get("items", ())):
        for name, method in resource.get("resourceMethods", {}).items():
            yield resource, name, method.get("methodIntegration", {}).get("uri", "")


def _integrated(
    api: Mapping[str, Any], stages: "Sequence[StageTypeDef]", resource: "ResourceTypeDef", method: str, uri: str
) -> Iterator[tuple[str, Way]]:
    """The functions that one integration calls: one, or one a stage where a stage variable decides."""
    by_variable = _STAGE_VARIABLE.search(uri) is not None
    for stage in stages if by_variable else [None]:
        variables = stage.get("variables", {}) if stage is not None else {}
        named = _FUNCTION.search(_STAGE_VARIABLE.sub(lambda found, of=variables: of.get(found[1], ""), uri))  # type: ignore[misc]
        if named is not None:
            where = f"{api['name']} {method} {resource['path']}" + (f" on stage {stage['stageName']}" if stage else "")
            yield named["name"], _way(WayKind.API, where, named["qualifier"], _redirect(api, resource, method, uri))


def _redirect(api: Mapping[str, Any], resource: "ResourceTypeDef", method: str, uri: str) -> str:
    prefix, _, named = uri.partition(":function:")
    name = re.split("[:/]", named, maxsplit=1)[0]
    value = shlex.quote(f"op=replace,path=/uri,value={prefix}:function:{name}:{{alias}}/invocations")
    return (
        f"aws apigateway update-integration --rest-api-id {api['id']} --resource-id {resource['id']} "
        f"--http-method {method} --patch-operations {value} && "
        f"aws apigateway create-deployment --rest-api-id {api['id']} --stage-name STAGE"
    )


def _permission(function: FunctionName, qualifier: Version | None, statement: Mapping[str, Any]) -> Way:
    principal = statement["Principal"]
    who = principal if isinstance(principal, str) else next(iter(principal.values()))
    source = statement.get("Condition", {}).get("ArnLike", {}).get("AWS:SourceArn")
    at = f" --qualifier {qualifier}" if qualifier is not None else ""
    sid = shlex.quote(statement["Sid"])
    only = f" --source-arn {shlex.quote(source)}" if source else ""
    mend = (
        f"aws lambda add-permission --function-name {function} --qualifier {{alias}} --statement-id {sid} "
        f"--action lambda:InvokeFunction --principal {who}{only} && "
        f"aws lambda remove-permission --function-name {function}{at} --statement-id {sid}"
    )
    name = f"{statement['Sid']} of {who}" + (f" from {source}" if source else "")
    return _way(WayKind.PERMISSION, name, qualifier, mend)


def _way(kind: WayKind, name: str, qualifier: str | None, mend: str) -> Way:
    return Way(kind=kind, name=name, qualifier=qualifier or None, mend=mend)
