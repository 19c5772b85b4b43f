"""`Bucket`: an S3 bucket that is versioned, encrypted, closed to the public and colder with age (C2, D3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

from stack import policies

if TYPE_CHECKING:
    from stack.naming import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketArgs:
    """One bucket; its name carries the account, because bucket names are unique in the whole world."""

    place: Place
    purpose: str
    key_arn: pulumi.Input[str]
    colder_class: str
    """``GLACIER`` or ``STANDARD_IA``."""
    colder_after_days: int
    expire_after_days: int | None = None


class Bucket(pulumi.ComponentResource):
    """The bucket and everything that S3 configures apart from it."""

    def __init__(self, args: BucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("bluegreen:stack:Bucket", f"{args.purpose}-bucket", None, opts)
        self._args = args
        self.purpose = args.purpose
        self.name = args.place.name("bucket", f"{args.purpose}-{args.place.account}")
        protected = args.place.protects(self.name)
        self.bucket = aws.s3.Bucket(
            args.place.name("bucket", args.purpose),
            bucket=self.name,
            force_destroy=not protected,
            tags=args.place.tags(args.purpose),
            opts=pulumi.ResourceOptions(parent=self, protect=protected),
        )
        self.arn = self.bucket.arn
        self._close()
        self._encrypt()
        self._age()
        self.register_outputs({"name": self.name, "arn": self.arn})

    def _of(self, part: str) -> str:
        return self._args.place.name(part, self._args.purpose)

    def _inside(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

    def _close(self) -> None:
        block = aws.s3.BucketPublicAccessBlock(
            self._of("block"),
            bucket=self.bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self._inside(),
        )
        aws.s3.BucketOwnershipControls(
            self._of("ownership"),
            bucket=self.bucket.bucket,
            rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
            opts=self._inside(),
        )
        aws.s3.BucketPolicy(
            self._of("policy"),
            bucket=self.bucket.bucket,
            policy=policies.bucket_policy(self.name),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[block]),
        )

    def _encrypt(self) -> None:
        aws.s3.BucketServerSideEncryptionConfiguration(
            self._of("encryption"),
            bucket=self.bucket.bucket,
            rules=[
                aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                    bucket_key_enabled=True,
                    apply_server_side_encryption_by_default=aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
                        sse_algorithm="aws:kms", kms_master_key_id=self._args.key_arn
                    ),
                )
            ],
            opts=self._inside(),
        )

    def _age(self) -> None:
        """Versioning, then the life cycle, which S3 lets act on old versions only where versioning is on."""
        versioning = aws.s3.BucketVersioning(
            self._of("versioning"),
            bucket=self.bucket.bucket,
            versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
            opts=self._inside(),
        )
        aws.s3.BucketLifecycleConfiguration(
            self._of("lifecycle"),
            bucket=self.bucket.bucket,
            rules=lifecycle_rules(self._args),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning]),
        )


def lifecycle_rules(args: BucketArgs) -> list[aws.s3.BucketLifecycleConfigurationRuleArgs]:
    """The rules of a bucket: colder, then gone; S3 refuses a transition of what expires on the same day or before."""
    expire = args.expire_after_days
    colder = expire is None or expire > args.colder_after_days
    return [
        aws.s3.BucketLifecycleConfigurationRuleArgs(
            id="age",
            status="Enabled",
            filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
            transitions=[
                aws.s3.BucketLifecycleConfigurationRuleTransitionArgs(
                    days=args.colder_after_days, storage_class=args.colder_class
                )
            ]
            if colder
            else None,
            expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(days=expire) if expire else None,
            noncurrent_version_expiration=aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
                noncurrent_days=expire or args.colder_after_days
            ),
            abort_incomplete_multipart_upload=aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                days_after_initiation=7
            ),
        )
    ]
