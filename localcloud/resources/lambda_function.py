"""Lambda functions and layers: code, configuration, published versions."""

import time
from collections.abc import Callable
from typing import Any, ClassVar, Final

from typing_extensions import override

from localcloud.resources.archives import Archive
from localcloud.resources.cloud import Cloud, lookup
from localcloud.resources.errors import ResourceError
from localcloud.resources.model import Outputs, ResourceType, names
from localcloud.resources.shapes import Inputs, shaped
from localcloud.resources.tagging import retag

_CONFIGURATION: Final = (
    "runtime handler role timeout memorySize description environment tracingConfig deadLetterConfig vpcConfig layers "
    "ephemeralStorage loggingConfig snapStart kmsKeyArn"
)
_IN_S3: Final = ("s3Bucket", "s3Key", "s3ObjectVersion")
_CODE: Final = names("code sourceCodeHash architectures") | frozenset(_IN_S3)
_VERSIONED: Final = names(_CONFIGURATION) | _CODE | {"publish"}
_OF_A_VERSION: Final = names(
    "version qualifiedArn qualifiedInvokeArn lastModified codeSha256 sourceCodeSize sourceCodeHash"
)
_CLEARED: Final[dict[str, dict[str, Any]]] = {
    # what UpdateFunctionConfiguration wants in place of a property that the program no longer gives
    "environment": {"Environment": {"Variables": {}}},
    "deadLetterConfig": {"DeadLetterConfig": {"TargetArn": ""}},
    "layers": {"Layers": []},
    "vpcConfig": {"VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []}},
    "kmsKeyArn": {"KMSKeyArn": ""},
    "tracingConfig": {"TracingConfig": {"Mode": "PassThrough"}},
    "ephemeralStorage": {"EphemeralStorage": {"Size": 512}},
    "snapStart": {"SnapStart": {"ApplyOn": "None"}},
    "loggingConfig": {"LoggingConfig": {"LogFormat": "Text"}},
}
_SETTLED_WITHIN: Final = 60.0
_POLL: Final = 0.02


class Function(ResourceType):
    """``aws:lambda/function:Function``; with ``publish``, a change of code or configuration makes a version."""

    kind = "aws:lambda/function:Function"
    service = "lambda"
    honours = _VERSIONED | names("name packageType reservedConcurrentExecutions skipDestroy tags")
    replaces = names("name packageType")
    identity = ("name",)
    name_property = "name"
    stable = names("arn invokeArn")
    unread = _CODE
    defaults: ClassVar = {
        "timeout": 3,
        "memorySize": 128,
        "packageType": "Zip",
        "publish": False,
        "reservedConcurrentExecutions": -1,
    }

    @override
    def volatile(self, changed: frozenset[str]) -> frozenset[str]:
        return _OF_A_VERSION if changed & _VERSIONED else frozenset()

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        api, name = self.api(cloud), str(inputs["name"])
        api.create_function(
            FunctionName=name,
            Publish=bool(inputs.get("publish")),
            Code=_code(inputs),
            Tags=dict(inputs.get("tagsAll") or {}),
            **shaped(api, "create_function", inputs, f"{_CONFIGURATION} architectures packageType"),
        )
        settle(lambda: api.get_function_configuration(FunctionName=name), name)
        _reserve(api, name, inputs)
        return name

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        api = self.api(cloud)
        found = lookup(api.get_function_configuration, FunctionName=identifier)
        if found is None:
            return None
        version = _newest(api, identifier) if state.get("publish") else "$LATEST"
        arn = cloud.arn("lambda", f"function:{identifier}")
        return {
            "name": identifier,
            "arn": arn,
            "version": version,
            "qualifiedArn": f"{arn}:{version}",
            "invokeArn": invoke_arn(cloud, arn),
            "qualifiedInvokeArn": invoke_arn(cloud, f"{arn}:{version}"),
            "codeSha256": found["CodeSha256"],
            "sourceCodeSize": found["CodeSize"],
            "lastModified": found["LastModified"],
            "timeout": found["Timeout"],
            "memorySize": found["MemorySize"],
            "role": found["Role"],
            "architectures": found.get("Architectures", ["x86_64"]),
        } | {name: found[name.title()] for name in ("handler", "runtime") if found.get(name.title())}

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        api = self.api(cloud)

        def settled() -> None:
            settle(lambda: api.get_function_configuration(FunctionName=identifier), identifier)

        if changed & names(_CONFIGURATION):
            cleared = {key: value for name in changed - inputs.keys() for key, value in _CLEARED.get(name, {}).items()}
            given = shaped(api, "update_function_configuration", inputs, _CONFIGURATION)
            description = {"Description": inputs.get("description", "")}
            api.update_function_configuration(FunctionName=identifier, **(cleared | description | given))
            settled()
        if changed & _CODE:
            code = _code(inputs)
            api.update_function_code(
                FunctionName=identifier, **code, **shaped(api, "update_function_code", inputs, "architectures")
            )
            settled()
        if changed & _VERSIONED and inputs.get("publish"):
            version = api.publish_version(FunctionName=identifier)["Version"]
            settle(lambda: api.get_function_configuration(FunctionName=identifier, Qualifier=version), identifier)
        if "reservedConcurrentExecutions" in changed:
            _reserve(api, identifier, inputs)
        retag_lambda(api, cloud.arn("lambda", f"function:{identifier}"), inputs, old)

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        if not state.get("skipDestroy"):
            lookup(self.api(cloud).delete_function, FunctionName=identifier)


class LayerVersion(ResourceType):
    """``aws:lambda/layerVersion:LayerVersion``; immutable, so that every change is a new version."""

    kind = "aws:lambda/layerVersion:LayerVersion"
    service = "lambda"
    honours = names(
        "layerName code s3Bucket s3Key s3ObjectVersion compatibleRuntimes compatibleArchitectures description "
        "licenseInfo skipDestroy sourceCodeHash"
    )
    replaces = honours - {"skipDestroy"}
    unread = _CODE

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        api = self.api(cloud)
        content = _code(inputs)
        plain = "layerName compatibleRuntimes compatibleArchitectures description licenseInfo"
        answer = api.publish_layer_version(Content=content, **shaped(api, "publish_layer_version", inputs, plain))
        return str(answer["LayerVersionArn"])

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        layer, version = identifier.split(":")[-2:]
        found = lookup(self.api(cloud).get_layer_version, LayerName=layer, VersionNumber=int(version))
        return found and {
            "arn": identifier,
            "layerArn": identifier.rpartition(":")[0],
            "version": version,
            "createdDate": found["CreatedDate"],
            "codeSha256": found["Content"]["CodeSha256"],
            "sourceCodeSize": found["Content"]["CodeSize"],
        }

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        """Nothing: ``skipDestroy`` is the only input that does not replace, and AWS does not know it."""

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        layer, version = identifier.split(":")[-2:]
        if not state.get("skipDestroy"):
            lookup(self.api(cloud).delete_layer_version, LayerName=layer, VersionNumber=int(version))


def invoke_arn(cloud: Cloud, function_arn: str) -> str:
    """What an API Gateway integration calls to invoke this function, version or alias."""
    return f"arn:aws:apigateway:{cloud.region}:lambda:path/2015-03-31/functions/{function_arn}/invocations"


def settle(probe: Callable[[], dict[str, Any]], name: str) -> None:
    """Waits until Lambda says Active and Successful; raises when it says Failed, or not within a minute."""
    deadline = time.monotonic() + _SETTLED_WITHIN
    while time.monotonic() < deadline:
        seen = probe()
        if "Failed" in (seen.get("State"), seen.get("LastUpdateStatus")):
            raise ResourceError(f"function {name}: {seen.get('StateReason') or seen.get('LastUpdateStatusReason')}")
        if seen.get("State", "Active") != "Pending" and seen.get("LastUpdateStatus") != "InProgress":
            return
        time.sleep(_POLL)
    raise ResourceError(f"function {name}: still pending after {_SETTLED_WITHIN:.0f} s")


def retag_lambda(api: Any, arn: str, inputs: Inputs, old: Inputs) -> None:  # noqa: ANN401 - boto3
    """Brings the tags of a function or an event source mapping up to date."""
    retag(
        inputs,
        old,
        lambda tags: api.tag_resource(Resource=arn, Tags=tags),
        lambda keys: api.untag_resource(Resource=arn, TagKeys=keys),
    )


def _code(inputs: Inputs) -> dict[str, Any]:
    """Where AWS finds the code: in the request, or in a bucket."""
    code = inputs.get("code")
    if code is None:
        return {name[0].upper() + name[1:]: inputs[name] for name in _IN_S3 if inputs.get(name) is not None}
    if not isinstance(code, Archive):
        raise ResourceError("property code: wanted an archive (pulumi.FileArchive or pulumi.AssetArchive)")
    return {"ZipFile": code.content}


def _newest(api: Any, name: str) -> str:  # noqa: ANN401 - boto3
    pages = api.get_paginator("list_versions_by_function").paginate(FunctionName=name)
    published = [int(item["Version"]) for page in pages for item in page["Versions"] if item["Version"] != "$LATEST"]
    return str(max(published)) if published else "$LATEST"


def _reserve(api: Any, name: str, inputs: Inputs) -> None:  # noqa: ANN401 - boto3
    reserved = inputs.get("reservedConcurrentExecutions", -1)
    if reserved >= 0:
        api.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=reserved)
    else:
        lookup(api.delete_function_concurrency, FunctionName=name)
