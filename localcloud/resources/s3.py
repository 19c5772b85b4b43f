"""S3 buckets and the settings that are resources of their own. A bucket's id, and that of its settings, is its name."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from typing_extensions import override

from localcloud.resources.cloud import Cloud, lookup
from localcloud.resources.model import Outputs, PutType, ResourceType, names
from localcloud.resources.shapes import Inputs, shaped
from localcloud.resources.tagging import tag_list

_HOME_REGION: Final = "us-east-1"
_OBJECTS_A_CALL: Final = 1000


class Bucket(ResourceType):
    """``aws:s3/bucket:Bucket``; its settings are separate resources, as the provider recommends."""

    kind = "aws:s3/bucket:Bucket"
    service = "s3"
    honours = names("bucket forceDestroy objectLockEnabled tags")
    replaces = names("bucket objectLockEnabled")
    identity = ("bucket",)
    name_property = "bucket"
    stable = names("arn bucket bucketDomainName bucketRegionalDomainName")
    defaults: ClassVar = {"forceDestroy": False}

    @override
    def generated_name(self, logical: str, suffix: str, inputs: Inputs) -> str:
        return f"{logical}-{suffix}".lower()

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        api, name = self.api(cloud), str(inputs["bucket"])
        sent: dict[str, Any] = {}
        if cloud.region != _HOME_REGION:
            sent["CreateBucketConfiguration"] = {"LocationConstraint": cloud.region}
        if inputs.get("objectLockEnabled"):
            sent["ObjectLockEnabledForBucket"] = True
        api.create_bucket(Bucket=name, **sent)
        self._tag(cloud, name, inputs)
        return name

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        if lookup(self.api(cloud).head_bucket, Bucket=identifier) is None:
            return None
        return {
            "arn": f"arn:{cloud.partition}:s3:::{identifier}",
            "bucket": identifier,
            "bucketDomainName": f"{identifier}.s3.amazonaws.com",
            "bucketRegionalDomainName": f"{identifier}.s3.{cloud.region}.amazonaws.com",
            "bucketRegion": cloud.region,
        }

    @override
    def update(self, cloud: Cloud, identifier: str, inputs: Inputs, old: Inputs, changed: frozenset[str]) -> None:
        if "tagsAll" in changed:
            self._tag(cloud, identifier, inputs)

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        if self.read(cloud, identifier, state) is None:
            return
        if state.get("forceDestroy"):
            _empty(self.api(cloud), identifier)
        lookup(self.api(cloud).delete_bucket, Bucket=identifier)

    def _tag(self, cloud: Cloud, name: str, inputs: Inputs) -> None:
        """Sets all tags at once: S3 has no call for one tag."""
        if tags := tag_list(inputs.get("tagsAll")):
            self.api(cloud).put_bucket_tagging(Bucket=name, Tagging={"TagSet": tags})
        else:
            lookup(self.api(cloud).delete_bucket_tagging, Bucket=name)


class _BucketSetting(PutType):
    """One setting of a bucket, put whole, taken away whole."""

    service = "s3"
    identity = ("bucket",)
    noun: ClassVar[str]
    """What follows put_, get_ and delete_ in boto3's method names."""

    def sent(self, api: Any, inputs: Inputs) -> Mapping[str, Any]:  # noqa: ANN401 - boto3
        """The parameters of the put call, without the bucket."""
        raise NotImplementedError(self.kind)

    @override
    def create(self, cloud: Cloud, inputs: Inputs) -> str:
        api = self.api(cloud)
        getattr(api, f"put_{self.noun}")(Bucket=inputs["bucket"], **self.sent(api, inputs))
        return str(inputs["bucket"])

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        return None if lookup(getattr(self.api(cloud), f"get_{self.noun}"), Bucket=identifier) is None else {}

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        lookup(getattr(self.api(cloud), f"delete_{self.noun}"), Bucket=identifier)


class BucketVersioning(_BucketSetting):
    """``aws:s3/bucketVersioning:BucketVersioning``; deleting it suspends versioning, which S3 cannot take back."""

    kind = "aws:s3/bucketVersioning:BucketVersioning"
    noun = "bucket_versioning"
    honours = names("bucket versioningConfiguration")
    replaces = names("bucket")

    @override
    def sent(self, api: Any, inputs: Inputs) -> Mapping[str, Any]:
        renames = {"mfaDelete": "MFADelete"}
        return shaped(api, "put_bucket_versioning", inputs, "versioningConfiguration", renames)

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        found = lookup(self.api(cloud).get_bucket_versioning, Bucket=identifier)
        return {} if found and found.get("Status") else None

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        suspended = {"Status": "Suspended"}
        lookup(self.api(cloud).put_bucket_versioning, Bucket=identifier, VersioningConfiguration=suspended)


class BucketEncryption(_BucketSetting):
    """``aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration``."""

    kind = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    noun = "bucket_encryption"
    honours = names("bucket rules")
    replaces = names("bucket")

    @override
    def sent(self, api: Any, inputs: Inputs) -> Mapping[str, Any]:
        wrapped = {"serverSideEncryptionConfiguration": {"rules": inputs["rules"]}}
        return shaped(api, "put_bucket_encryption", wrapped, "serverSideEncryptionConfiguration")


class BucketPublicAccessBlock(_BucketSetting):
    """``aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock``."""

    kind = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
    noun = "public_access_block"
    honours = names("bucket blockPublicAcls blockPublicPolicy ignorePublicAcls restrictPublicBuckets")
    replaces = names("bucket")
    defaults: ClassVar = dict.fromkeys(sorted(honours - replaces), False)

    @override
    def sent(self, api: Any, inputs: Inputs) -> Mapping[str, Any]:
        wrapped = {"publicAccessBlockConfiguration": {name: inputs[name] for name in self.defaults}}
        return shaped(api, "put_public_access_block", wrapped, "publicAccessBlockConfiguration")


class BucketLifecycleConfiguration(_BucketSetting):
    """``aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration``."""

    kind = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    noun = "bucket_lifecycle_configuration"
    honours = names("bucket rules transitionDefaultMinimumObjectSize")
    replaces = names("bucket")

    @override
    def sent(self, api: Any, inputs: Inputs) -> Mapping[str, Any]:
        wrapped = {**inputs, "lifecycleConfiguration": {"rules": inputs["rules"]}}
        plain = "lifecycleConfiguration transitionDefaultMinimumObjectSize"
        return shaped(api, "put_bucket_lifecycle_configuration", wrapped, plain)

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        lookup(self.api(cloud).delete_bucket_lifecycle, Bucket=identifier)


class BucketPolicy(_BucketSetting):
    """``aws:s3/bucketPolicy:BucketPolicy``."""

    kind = "aws:s3/bucketPolicy:BucketPolicy"
    noun = "bucket_policy"
    honours = names("bucket policy")
    replaces = names("bucket")
    documents = names("policy")

    @override
    def sent(self, api: Any, inputs: Inputs) -> Mapping[str, Any]:
        return shaped(api, "put_bucket_policy", inputs, "policy")


class BucketOwnershipControls(_BucketSetting):
    """``aws:s3/bucketOwnershipControls:BucketOwnershipControls``."""

    kind = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
    noun = "bucket_ownership_controls"
    honours = names("bucket rule")
    replaces = names("bucket")

    @override
    def sent(self, api: Any, inputs: Inputs) -> Mapping[str, Any]:
        wrapped = {"ownershipControls": {"rules": [inputs["rule"]]}}
        return shaped(api, "put_bucket_ownership_controls", wrapped, "ownershipControls")


class BucketLogging(_BucketSetting):
    """``aws:s3/bucketLogging:BucketLogging``."""

    kind = "aws:s3/bucketLogging:BucketLogging"
    noun = "bucket_logging"
    honours = names("bucket targetBucket targetPrefix")
    replaces = names("bucket")

    @override
    def sent(self, api: Any, inputs: Inputs) -> Mapping[str, Any]:
        enabled = {name: inputs.get(name) for name in ("targetBucket", "targetPrefix")}
        return shaped(api, "put_bucket_logging", {"status": {"loggingEnabled": enabled}}, "status", _LOGGING)

    @override
    def read(self, cloud: Cloud, identifier: str, state: Inputs) -> Outputs | None:
        found = lookup(self.api(cloud).get_bucket_logging, Bucket=identifier)
        return {} if found and found.get("LoggingEnabled") else None

    @override
    def delete(self, cloud: Cloud, identifier: str, state: Inputs) -> None:
        lookup(self.api(cloud).put_bucket_logging, Bucket=identifier, BucketLoggingStatus={})


_LOGGING: Final = {"status": "BucketLoggingStatus"}


def _empty(api: Any, bucket: str) -> None:  # noqa: ANN401 - boto3
    """Deletes every version of every object."""
    for page in api.get_paginator("list_object_versions").paginate(Bucket=bucket):
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        keys = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found]
        for start in range(0, len(keys), _OBJECTS_A_CALL):
            batch = {"Objects": keys[start : start + _OBJECTS_A_CALL], "Quiet": True}
            api.delete_objects(Bucket=bucket, Delete=batch)
