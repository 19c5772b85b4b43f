"""What the local engine can make: one class a Pulumi resource type, each speaking to AWS by boto3 alone."""
