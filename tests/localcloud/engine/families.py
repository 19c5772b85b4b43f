"""One small stack a family of resources, in two variants: what differs is an update or a replacement."""

import json
from typing import Any

from localcloud.resources.archives import Archive, Asset, archive_from_entries
from tests.localcloud.engine.sandbox import ACCOUNT, Declare, Make, Sandbox


def document(*actions: str, resource: str = "*", principal: str | None = None) -> str:
    statement: dict[str, Any] = {"Effect": "Allow", "Action": list(actions)}
    statement |= {"Principal": {"Service": principal}} if principal else {"Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trust(service: str) -> str:
    return document("sts:AssumeRole", principal=f"{service}.amazonaws.com")


def code(answer: str = "{}") -> Archive:
    return archive_from_entries({"h.py": Asset(f"def handler(event, context): return {answer}".encode())})


def iam(make: Make, sandbox: Sandbox, variant: str) -> None:
    role = make(
        "aws:iam/role:Role",
        "role",
        assumeRolePolicy=trust("lambda" if variant == "one" else "events"),
        description=variant,
        forceDetachPolicies=True,
        tags={"v": variant},
    )
    make("aws:iam/rolePolicy:RolePolicy", "inline", role=role.identifier, policy=document(f"s3:Get{variant}"))
    policy = make("aws:iam/policy:Policy", "managed", policy=document(f"s3:Put{variant}"), tags={"v": variant})
    make(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "attached",
        role=role.identifier,
        policyArn=policy.outputs["arn"],
    )
    del sandbox


def functions(make: Make, sandbox: Sandbox, variant: str) -> None:
    role = make("aws:iam/role:Role", "role", assumeRolePolicy=trust("lambda"))
    dead = make("aws:sqs/queue:Queue", "dead")
    layer = make(
        "aws:lambda/layerVersion:LayerVersion",
        "layer",
        layerName=sandbox.name("layer"),
        code=code(),
        compatibleRuntimes=["python3.12"],
    )
    function = make(
        "aws:lambda/function:Function",
        "f",
        role=role.outputs["arn"],
        runtime="python3.12",
        handler="h.handler",
        publish=True,
        code=code(),
        timeout=10,
        memorySize=256 if variant == "one" else 512,
        architectures=["arm64"],
        layers=[layer.outputs["arn"]],
        environment={"variables": {"MODE": variant}} if variant == "one" else None,
        tracingConfig={"mode": "Active"},
        deadLetterConfig={"targetArn": dead.outputs["arn"]},
        ephemeralStorage={"size": 512 if variant == "one" else 1024},
        loggingConfig={"logFormat": "JSON", "applicationLogLevel": "INFO"},
        snapStart={"applyOn": "PublishedVersions"} if variant == "one" else None,
        reservedConcurrentExecutions=5 if variant == "one" else None,
        tags={"v": variant},
    )
    alias = make(
        "aws:lambda/alias:Alias",
        "live",
        name="live",
        functionName=function.outputs["name"],
        functionVersion="1",
        description=variant,
    )
    target = {"functionName": function.outputs["name"], "qualifier": alias.outputs["name"]}
    make(
        "aws:lambda/permission:Permission",
        "permission",
        action="lambda:InvokeFunction",
        function=function.outputs["arn"],
        qualifier="live",
        principal="events.amazonaws.com",
        sourceArn=f"arn:aws:events:us-east-1:{ACCOUNT}:rule/{variant}",
    )
    make(
        "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
        "async",
        **target,
        maximumRetryAttempts=0 if variant == "one" else 1,
        maximumEventAgeInSeconds=60,
        destinationConfig={"onFailure": {"destination": dead.outputs["arn"]}},
    )
    make(
        "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig",
        "warm",
        **target,
        provisionedConcurrentExecutions=1 if variant == "one" else 2,
    )
    source = make("aws:sqs/queue:Queue", "source", visibilityTimeoutSeconds=60)
    make(
        "aws:lambda/eventSourceMapping:EventSourceMapping",
        "mapping",
        eventSourceArn=source.outputs["arn"],
        functionName=alias.outputs["arn"],
        batchSize=5 if variant == "one" else 6,
        functionResponseTypes=["ReportBatchItemFailures"],
        scalingConfig={"maximumConcurrency": 2},
        filterCriteria={"filters": [{"pattern": json.dumps({"body": {"v": [variant]}})}]},
        tags={"v": variant},
    )


def observing(make: Make, sandbox: Sandbox, variant: str) -> None:
    group = make(
        "aws:cloudwatch/logGroup:LogGroup", "group", retentionInDays=7 if variant == "one" else 30, tags={"v": variant}
    )
    make(
        "aws:cloudwatch/logMetricFilter:LogMetricFilter",
        "filter",
        logGroupName=group.outputs["name"],
        pattern="ERROR" if variant == "one" else "FATAL",
        metricTransformation={"name": "Errors", "namespace": sandbox.project, "value": "1", "defaultValue": "0"},
    )
    dimensions = {"FunctionName": "f", "Resource": "f:live"}
    metric = {"namespace": "AWS/Lambda", "period": 60, "stat": "Sum", "dimensions": dimensions}
    alarm = make(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        "rate",
        comparisonOperator="GreaterThanThreshold",
        evaluationPeriods=2,
        datapointsToAlarm=2,
        threshold=1 if variant == "one" else 2,
        treatMissingData="notBreaching",
        alarmDescription=variant,
        metricQueries=[
            {"id": "e", "metric": {"metricName": "Errors", **metric}},
            {"id": "i", "metric": {"metricName": "Invocations", **metric}},
            {"id": "rate", "expression": "100 * e / i", "label": "Error rate", "returnData": True},
        ],
        tags={"v": variant},
    )
    make(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        "p99",
        comparisonOperator="GreaterThanThreshold",
        evaluationPeriods=3,
        threshold=500,
        metricName="Duration",
        namespace="AWS/Lambda",
        period=60,
        extendedStatistic="p99",
        dimensions=dimensions,
    )
    make(
        "aws:cloudwatch/compositeAlarm:CompositeAlarm",
        "health",
        alarmName=sandbox.name("health"),
        alarmRule=f'ALARM("{alarm.outputs["name"]}")',
        alarmDescription=variant,
        tags={"v": variant},
    )
    widgets = [{"type": "text", "x": 0, "y": 0, "width": 3, "height": 3, "properties": {"markdown": variant}}]
    make(
        "aws:cloudwatch/dashboard:Dashboard",
        "board",
        dashboardName=sandbox.name("board"),
        dashboardBody=json.dumps({"widgets": widgets}),
    )


def tables(make: Make, sandbox: Sandbox, variant: str) -> None:
    index = {"name": "by-status", "hashKey": "status", "rangeKey": "id", "projectionType": "ALL"}
    provisioned = variant == "two"
    units = {"readCapacity": 5, "writeCapacity": 6} if provisioned else {}
    make(
        "aws:dynamodb/table:Table",
        "payments",
        billingMode="PROVISIONED" if provisioned else "PAY_PER_REQUEST",
        hashKey="id",
        attributes=[{"name": "id", "type": "S"}, {"name": "status", "type": "S"}],
        globalSecondaryIndexes=[index | units],
        pointInTimeRecovery={"enabled": provisioned},
        ttl={"attributeName": "expires", "enabled": True},
        serverSideEncryption={"enabled": True},
        streamEnabled=not provisioned,
        streamViewType=None if provisioned else "NEW_AND_OLD_IMAGES",
        tags={"v": variant},
        **units,
    )
    make(
        "aws:dynamodb/table:Table",
        "alerts",
        billingMode="PAY_PER_REQUEST",
        hashKey="id",
        rangeKey="at",
        attributes=[
            {"name": "id", "type": "S"},
            {"name": "at", "type": "N"},
            *([{"name": "who", "type": "S"}] if provisioned else []),
        ],
        globalSecondaryIndexes=[{"name": "by-who", "hashKey": "who", "projectionType": "KEYS_ONLY"}]
        if provisioned
        else None,
    )
    del sandbox


def scaling(make: Make, sandbox: Sandbox, variant: str) -> None:
    table = make(
        "aws:dynamodb/table:Table",
        "table",
        hashKey="id",
        attributes=[{"name": "id", "type": "S"}],
        readCapacity=5,
        writeCapacity=5,
    )
    scope = {
        "serviceNamespace": "dynamodb",
        "resourceId": f"table/{table.outputs['name']}",
        "scalableDimension": "dynamodb:table:ReadCapacityUnits",
    }
    make(
        "aws:appautoscaling/target:Target",
        "target",
        **scope,
        minCapacity=5,
        maxCapacity=50 if variant == "one" else 60,
    )
    make(
        "aws:appautoscaling/policy:Policy",
        "policy",
        **scope,
        name=sandbox.name("reads"),
        policyType="TargetTrackingScaling",
        targetTrackingScalingPolicyConfiguration={
            "targetValue": 70 if variant == "one" else 60,
            "predefinedMetricSpecification": {"predefinedMetricType": "DynamoDBReadCapacityUtilization"},
        },
    )


def messaging(make: Make, sandbox: Sandbox, variant: str) -> None:
    dead = make("aws:sqs/queue:Queue", "dead", fifoQueue=True, messageRetentionSeconds=1_209_600)
    queue = make(
        "aws:sqs/queue:Queue",
        "work",
        fifoQueue=True,
        contentBasedDeduplication=True,
        visibilityTimeoutSeconds=30 if variant == "one" else 60,
        redrivePolicy=json.dumps({"deadLetterTargetArn": dead.outputs["arn"], "maxReceiveCount": 3}),
        tags={"v": variant},
    )
    make(
        "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy",
        "allow",
        queueUrl=dead.identifier,
        redriveAllowPolicy=json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": [queue.outputs["arn"]]}),
    )
    statement = document("sqs:SendMessage", resource=queue.outputs["arn"]).replace(
        '"Effect"', f'"Sid": "{variant}", "Principal": {{"Service": "sns.amazonaws.com"}}, "Effect"'
    )
    make("aws:sqs/queuePolicy:QueuePolicy", "policy", queueUrl=queue.identifier, policy=statement)
    topic = make("aws:sns/topic:Topic", "topic", displayName=variant, tags={"v": variant})
    make(
        "aws:sns/topicPolicy:TopicPolicy",
        "topic-policy",
        arn=topic.outputs["arn"],
        policy=statement.replace("sqs:SendMessage", "sns:Publish").replace(queue.outputs["arn"], topic.outputs["arn"]),
    )
    plain = make("aws:sqs/queue:Queue", "plain")
    lost = make("aws:sqs/queue:Queue", "lost")
    make(
        "aws:sqs/redrivePolicy:RedrivePolicy",
        "redrive",
        queueUrl=plain.identifier,
        redrivePolicy=json.dumps(
            {"deadLetterTargetArn": lost.outputs["arn"], "maxReceiveCount": 3 if variant == "one" else 4}
        ),
    )
    make(
        "aws:sns/topicSubscription:TopicSubscription",
        "subscription",
        topic=topic.outputs["arn"],
        protocol="sqs",
        endpoint=plain.outputs["arn"],
        rawMessageDelivery=variant == "one",
    )
    make(
        "aws:ssm/parameter:Parameter",
        "secret",
        name=f"/{sandbox.project}/secret",
        type="SecureString",
        value=f"value-{variant}",
        description=variant,
        tags={"v": variant},
    )


def timers(make: Make, sandbox: Sandbox, variant: str) -> None:
    queue = make("aws:sqs/queue:Queue", "q")
    role = make("aws:iam/role:Role", "role", assumeRolePolicy=trust("scheduler"))
    rule = make(
        "aws:cloudwatch/eventRule:EventRule",
        "rule",
        eventPattern=json.dumps({"source": ["aws.cloudwatch"]}),
        description=variant,
        tags={"v": variant},
    )
    make(
        "aws:cloudwatch/eventTarget:EventTarget",
        "target",
        rule=rule.outputs["name"],
        arn=queue.outputs["arn"],
        inputTransformer={"inputPaths": {"id": "$.id"}, "inputTemplate": f'{{"{variant}": <id>}}'},
        retryPolicy={"maximumRetryAttempts": 3, "maximumEventAgeInSeconds": 60},
        deadLetterConfig={"arn": queue.outputs["arn"]},
    )
    group = make("aws:scheduler/scheduleGroup:ScheduleGroup", "group", tags={"v": variant})
    make(
        "aws:scheduler/schedule:Schedule",
        "schedule",
        groupName=group.outputs["name"],
        scheduleExpression="rate(1 hours)" if variant == "one" else "rate(2 hours)",
        flexibleTimeWindow={"mode": "OFF"},
        target={
            "arn": queue.outputs["arn"],
            "roleArn": role.outputs["arn"],
            "input": "{}",
            "retryPolicy": {"maximumRetryAttempts": 1, "maximumEventAgeInSeconds": 60},
            "deadLetterConfig": {"arn": queue.outputs["arn"]},
        },
    )
    del sandbox


def storage(make: Make, sandbox: Sandbox, variant: str) -> None:
    key = make(
        "aws:kms/key:Key",
        "key",
        description=variant,
        enableKeyRotation=True,
        deletionWindowInDays=7,
        tags={"v": variant},
    )
    make("aws:kms/alias:Alias", "alias", name=f"alias/{sandbox.project}", targetKeyId=key.outputs["keyId"])
    bucket = make("aws:s3/bucket:Bucket", "audit", forceDestroy=True, tags={"v": variant})
    name = bucket.outputs["bucket"]
    encryption = {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": key.outputs["arn"]}
    make(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "encryption",
        bucket=name,
        rules=[{"applyServerSideEncryptionByDefault": encryption, "bucketKeyEnabled": variant == "one"}],
    )
    make(
        "aws:s3/bucketVersioning:BucketVersioning",
        "versioning",
        bucket=name,
        versioningConfiguration={"status": "Enabled"},
    )
    make(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "block",
        bucket=name,
        blockPublicAcls=True,
        blockPublicPolicy=True,
        ignorePublicAcls=True,
        restrictPublicBuckets=variant == "one",
    )
    make(
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        "ownership",
        bucket=name,
        rule={"objectOwnership": "BucketOwnerEnforced"},
    )
    make(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "lifecycle",
        bucket=name,
        rules=[
            {
                "id": "age",
                "status": "Enabled",
                "filter": {"prefix": ""},
                "transitions": [{"days": 90, "storageClass": "GLACIER"}],
                "expiration": {"days": 365 if variant == "one" else 400},
                "noncurrentVersionExpiration": {"noncurrentDays": 30},
                "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
            }
        ],
    )
    make(
        "aws:s3/bucketPolicy:BucketPolicy",
        "policy",
        bucket=name,
        policy=document("s3:GetObject", resource=f"arn:aws:s3:::{name}/{variant}").replace(
            '"Effect"', '"Principal": {"Service": "backup.amazonaws.com"}, "Effect"'
        ),
    )
    make(
        "aws:s3/bucketLogging:BucketLogging", "logging", bucket=name, targetBucket=name, targetPrefix=f"logs-{variant}/"
    )


def backups(make: Make, sandbox: Sandbox, variant: str) -> None:
    role = make("aws:iam/role:Role", "role", assumeRolePolicy=trust("backup"))
    vault = make("aws:backup/vault:Vault", "vault", forceDestroy=True, tags={"v": variant})
    plan = make(
        "aws:backup/plan:Plan",
        "plan",
        rules=[
            {
                "ruleName": "daily",
                "targetVaultName": vault.outputs["name"],
                "schedule": "cron(0 3 * * ? *)",
                "lifecycle": {"deleteAfter": 30 if variant == "one" else 35},
            }
        ],
        tags={"v": variant},
    )
    make(
        "aws:backup/selection:Selection",
        "selection",
        planId=plan.identifier,
        iamRoleArn=role.outputs["arn"],
        resources=[f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/{variant}"],
        selectionTags=[{"type": "STRINGEQUALS", "key": "backup", "value": "yes"}],
    )
    topic = make("aws:sns/topic:Topic", "topic")
    make(
        "aws:budgets/budget:Budget",
        "cap",
        budgetType="COST",
        limitAmount="500" if variant == "one" else "400",
        limitUnit="USD",
        timeUnit="MONTHLY",
        costFilters=[{"name": "TagKeyValue", "values": ["user:Project$bluegreen"]}],
        notifications=[
            {
                "comparisonOperator": "GREATER_THAN",
                "threshold": 80 if variant == "one" else 90,
                "thresholdType": "PERCENTAGE",
                "notificationType": "ACTUAL",
                "subscriberSnsTopicArns": [topic.outputs["arn"]],
            }
        ],
        tags={"v": variant},
    )
    del sandbox


def network(make: Make, sandbox: Sandbox, variant: str) -> None:
    vpc = make(
        "aws:ec2/vpc:Vpc",
        "vpc",
        cidrBlock="10.9.0.0/16",
        enableDnsHostnames=variant == "one",
        tags={"v": variant},
    )
    inside = {"vpcId": vpc.identifier}
    gateway = make("aws:ec2/internetGateway:InternetGateway", "igw", **inside, tags={"v": variant})
    subnet = make(
        "aws:ec2/subnet:Subnet",
        "subnet",
        **inside,
        cidrBlock="10.9.0.0/24",
        availabilityZone="us-east-1a",
        mapPublicIpOnLaunch=variant == "two",
        tags={"v": variant},
    )
    address = make("aws:ec2/eip:Eip", "address", domain="vpc", tags={"v": variant})
    nat = make(
        "aws:ec2/natGateway:NatGateway",
        "nat",
        allocationId=address.outputs["allocationId"],
        subnetId=subnet.identifier,
        tags={"v": variant},
    )
    table = make("aws:ec2/routeTable:RouteTable", "table", **inside, tags={"v": variant})
    target = {"gatewayId": gateway.identifier} if variant == "one" else {"natGatewayId": nat.identifier}
    make("aws:ec2/route:Route", "route", routeTableId=table.identifier, destinationCidrBlock="0.0.0.0/0", **target)
    make(
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        "association",
        routeTableId=table.identifier,
        subnetId=subnet.identifier,
    )
    make(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        "endpoint",
        **inside,
        serviceName="com.amazonaws.us-east-1.dynamodb",
        vpcEndpointType="Gateway",
        routeTableIds=[table.identifier],
        tags={"v": variant},
    )
    port = 443 if variant == "one" else 8443
    make(
        "aws:ec2/securityGroup:SecurityGroup",
        "group",
        **inside,
        description="functions",
        egress=[{"protocol": "tcp", "fromPort": port, "toPort": port, "cidrBlocks": ["0.0.0.0/0"]}],
        tags={"v": variant},
    )
    del sandbox


def api(make: Make, sandbox: Sandbox, variant: str) -> None:
    rest = make(
        "aws:apigateway/restApi:RestApi",
        "api",
        name=sandbox.project,
        description=variant,
        binaryMediaTypes=[f"image/{variant}"],
        endpointConfiguration={"types": "REGIONAL"},
        tags={"v": variant},
    )
    inside = {"restApi": rest.identifier}
    folder = make(
        "aws:apigateway/resource:Resource",
        "folder",
        **inside,
        parentId=rest.outputs["rootResourceId"],
        pathPart="payments",
    )
    model = make(
        "aws:apigateway/model:Model",
        "model",
        **inside,
        name="Payment",
        contentType="application/json",
        schema=json.dumps({"type": "object", "title": variant}),
    )
    validator = make(
        "aws:apigateway/requestValidator:RequestValidator", "validator", **inside, validateRequestBody=variant == "one"
    )
    place = inside | {"resourceId": folder.identifier, "httpMethod": "POST"}
    make(
        "aws:apigateway/method:Method",
        "method",
        **place,
        authorization="NONE",
        apiKeyRequired=variant == "one",
        requestValidatorId=validator.identifier,
        requestModels={"application/json": model.outputs["name"]},
        requestParameters={f"method.request.querystring.{variant}": True},
    )
    make(
        "aws:apigateway/integration:Integration",
        "integration",
        **place,
        type="MOCK",
        requestTemplates={"application/json": f'{{"statusCode": 200, "v": "{variant}"}}'},
        timeoutMilliseconds=5000 if variant == "one" else 6000,
    )
    answer = place | {"statusCode": "200"}
    make(
        "aws:apigateway/methodResponse:MethodResponse",
        "method-response",
        **answer,
        responseParameters={f"method.response.header.{variant}": True},
    )
    make(
        "aws:apigateway/integrationResponse:IntegrationResponse",
        "integration-response",
        **answer,
        responseTemplates={"application/json": f'{{"v": "{variant}"}}'},
    )
    make(
        "aws:apigateway/response:Response",
        "refusal",
        restApiId=rest.identifier,
        responseType="BAD_REQUEST_BODY",
        statusCode="400",
        responseTemplates={"application/json": f'{{"error": "{variant}"}}'},
    )
    deployment = make("aws:apigateway/deployment:Deployment", "deployment", **inside, triggers={"v": variant})
    group = make("aws:cloudwatch/logGroup:LogGroup", "access")
    stage = make(
        "aws:apigateway/stage:Stage",
        "stage",
        **inside,
        stageName="live",
        deployment=deployment.identifier,
        variables={"alias": variant, variant: "x"},
        xrayTracingEnabled=variant == "one",
        accessLogSettings={"destinationArn": group.outputs["arn"], "format": f'{{"v": "{variant}"}}'},
        tags={"v": variant},
    )
    make(
        "aws:apigateway/methodSettings:MethodSettings",
        "settings",
        **inside,
        stageName="live",
        methodPath="*/*",
        settings={"metricsEnabled": variant == "one", "throttlingRateLimit": 1000, "throttlingBurstLimit": 2000},
    )
    key = make("aws:apigateway/apiKey:ApiKey", "key", description=variant, tags={"v": variant})
    plan = make(
        "aws:apigateway/usagePlan:UsagePlan",
        "plan",
        description=variant,
        apiStages=[
            {
                "apiId": rest.identifier,
                "stage": stage.outputs["stageName"],
                "throttles": [{"path": "/payments/POST", "rateLimit": 10 if variant == "one" else 20, "burstLimit": 5}],
            }
        ],
        throttleSettings={"rateLimit": 1000 if variant == "one" else 500, "burstLimit": 2000},
        quotaSettings={"limit": 1_000_000, "period": "MONTH"},
        tags={"v": variant},
    )
    make(
        "aws:apigateway/usagePlanKey:UsagePlanKey",
        "plan-key",
        keyId=key.identifier,
        keyType="API_KEY",
        usagePlanId=plan.identifier,
    )
    role = make("aws:iam/role:Role", "gateway-role", assumeRolePolicy=trust("apigateway"))
    make("aws:apigateway/account:Account", "account", cloudwatchRoleArn=role.outputs["arn"])


def firewall(make: Make, sandbox: Sandbox, variant: str) -> None:
    rest = make("aws:apigateway/restApi:RestApi", "api")
    inside = {"restApi": rest.identifier}
    place = inside | {"resourceId": rest.outputs["rootResourceId"], "httpMethod": "GET"}
    make("aws:apigateway/method:Method", "method", **place, authorization="NONE")
    make("aws:apigateway/integration:Integration", "integration", **place, type="MOCK")
    deployment = make("aws:apigateway/deployment:Deployment", "deployment", **inside)
    stage = make("aws:apigateway/stage:Stage", "stage", **inside, stageName="live", deployment=deployment.identifier)
    seen = {"cloudwatchMetricsEnabled": True, "metricName": sandbox.project, "sampledRequestsEnabled": False}
    groups = ("AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet")
    acl = make(
        "aws:wafv2/webAcl:WebAcl",
        "acl",
        scope="REGIONAL",
        description=variant,
        defaultAction={"allow": {}},
        rules=[
            {
                "name": group,
                "priority": priority,
                "overrideAction": {"none": {}},
                "statement": {"managedRuleGroupStatement": {"vendorName": "AWS", "name": group}},
                "visibilityConfig": seen,
            }
            for priority, group in enumerate(groups if variant == "one" else groups[:1])
        ],
        visibilityConfig=seen,
        tags={"v": variant},
    )
    make(
        "aws:wafv2/webAclAssociation:WebAclAssociation",
        "association",
        resourceArn=stage.outputs["arn"],
        webAclArn=acl.outputs["arn"],
    )


FAMILIES: dict[str, Declare] = {
    declare.__name__: declare
    for declare in (
        iam,
        functions,
        observing,
        tables,
        scaling,
        messaging,
        timers,
        storage,
        backups,
        network,
        api,
        firewall,
    )
}
