# The workflow: photos in, deliveries routed, doubtful ones notified. The same system as
# cloudformation/core.yaml; a test compares the two.

locals {
  sagemaker = "arn:${var.location.partition}:sagemaker:${var.location.region}:${var.location.account_id}"
  kms_statements = var.kms_key_arn == null ? [] : [{
    Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
    Resource = [var.kms_key_arn]
  }]
  sagemaker_kms_statements = var.kms_key_arn == null ? [] : [{
    Action   = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"]
    Resource = [var.kms_key_arn]
  }]
  kms_grant_statements = var.kms_key_arn == null ? [] : [{ # disks of instances
    Action    = ["kms:CreateGrant"]
    Resource  = [var.kms_key_arn]
    Condition = { Bool = { "kms:GrantIsForAWSResource" = ["true"] } }
  }]
  ec2 = "arn:${var.location.partition}:ec2:${var.location.region}:${var.location.account_id}"
  vpc_statements = !var.sagemaker_in_vpc ? [] : [
    { # each instance has a network interface in the VPC
      Action   = ["ec2:CreateNetworkInterface", "ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterface"]
      Resource = ["${local.ec2}:network-interface/*", "${local.ec2}:security-group/*", "${local.ec2}:subnet/*"]
    },
    { # EC2 knows no resources for these
      Action = [
        "ec2:DeleteNetworkInterfacePermission",
        "ec2:DescribeDhcpOptions",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcs",
      ]
      Resource = ["*"]
    },
  ]
}

# ---------------------------------------------------------------- data
module "data_bucket" {
  source = "../bucket"

  name          = "${var.project}-data-${var.location.account_id}-${var.location.region}"
  kms_key_arn   = var.kms_key_arn
  force_destroy = !var.keep_data
  event_bridge  = true
}

# ---------------------------------------------------------------- functions
module "serialize" {
  source = "../function"

  project            = var.project
  name               = "serialize_image"
  description        = "Puts an image from S3 into the state machine's document."
  package            = { path = "${var.packages_dir}/serialize_image.zip" }
  memory_mb          = 512
  log_retention_days = var.log_retention_days
  kms_key_arn        = var.kms_key_arn
  writes_encrypted   = false
  statements = [
    {
      Action   = ["s3:GetObject"]
      Resource = ["${module.data_bucket.arn}/*"]
    },
    { # without it S3 answers "access denied" for an object that is not there
      Action   = ["s3:ListBucket"]
      Resource = [module.data_bucket.arn]
    },
  ]
}

module "classify" {
  source = "../function"

  project            = var.project
  name               = "classify_image"
  description        = "Asks the SageMaker endpoint what an image shows."
  package            = { path = "${var.packages_dir}/classify_image.zip" }
  memory_mb          = 512
  log_retention_days = var.log_retention_days
  kms_key_arn        = var.kms_key_arn
  writes_encrypted   = false
  environment        = { ENDPOINT_NAME = var.endpoint_name }
  statements = [
    {
      Action   = ["sagemaker:InvokeEndpoint"]
      Resource = ["${local.sagemaker}:endpoint/${var.endpoint_name}"]
    },
    { # an image too large for a state is read from S3
      Action   = ["s3:GetObject"]
      Resource = ["${module.data_bucket.arn}/*"]
    },
    {
      Action   = ["s3:ListBucket"]
      Resource = [module.data_bucket.arn]
    },
  ]
}

module "filter" {
  source = "../function"

  project            = var.project
  name               = "filter_confidence"
  description        = "Routes what the model is sure of, stops or reports the rest."
  package            = { path = "${var.packages_dir}/filter_confidence.zip" }
  memory_mb          = 256
  log_retention_days = var.log_retention_days
  kms_key_arn        = var.kms_key_arn
  environment = {
    THRESHOLD = tostring(var.threshold)
    CLASSES   = jsonencode(var.classes)
    TOPIC_ARN = aws_sns_topic.low_confidence.arn
  }
  statements = [
    {
      Action   = ["sns:Publish"]
      Resource = [aws_sns_topic.low_confidence.arn]
    },
  ]
}

# ---------------------------------------------------------------- notification
resource "aws_sns_topic" "low_confidence" {
  name              = "${var.project}-low-confidence"
  kms_master_key_id = coalesce(var.kms_key_arn, "alias/aws/sns")
}

resource "aws_sns_topic_subscription" "low_confidence_email" {
  topic_arn = aws_sns_topic.low_confidence.arn
  protocol  = "email"
  endpoint  = var.email
}

resource "aws_sns_topic" "model" {
  name              = "${var.project}-model"
  kms_master_key_id = coalesce(var.kms_key_arn, "alias/aws/sns")
}

resource "aws_sns_topic_subscription" "model_email" {
  topic_arn = aws_sns_topic.model.arn
  protocol  = "email"
  endpoint  = var.email
}

# ---------------------------------------------------------------- state machines
locals {
  functions = {
    SerializeFunctionArn = module.serialize.arn
    ClassifyFunctionArn  = module.classify.arn
    FilterFunctionArn    = module.filter.arn
  }
  invoke_functions = [{
    Action   = ["lambda:InvokeFunction"]
    Resource = [module.serialize.arn, module.classify.arn, module.filter.arn]
  }]
}

module "classify_image" {
  source = "../state_machine"

  project        = var.project
  name           = "classify_image"
  definition     = templatefile("${var.definitions_dir}/classify_image.asl.json", local.functions)
  source_account = var.location.account_id
  policy_name    = "invoke-functions"
  statements     = local.invoke_functions
}

module "classify_batch" {
  source = "../state_machine"

  project        = var.project
  name           = "classify_batch"
  definition     = templatefile("${var.definitions_dir}/classify_batch.asl.json", local.functions)
  source_account = var.location.account_id
  policy_name    = "invoke-functions"
  statements     = local.invoke_functions
}

module "train_and_deploy" {
  source = "../state_machine"

  project = var.project
  name    = "train_and_deploy"
  definition = templatefile("${var.definitions_dir}/train_and_deploy.asl.json", {
    EndpointName     = var.endpoint_name
    ModelTopicArn    = aws_sns_topic.model.arn
    SageMakerRoleArn = module.sagemaker_role.arn
  })
  source_account = var.location.account_id
  policy_name    = "train-and-deploy"
  statements = concat(
    [
      { # AddTags: what is made with tags asks for it
        Action = [
          "sagemaker:AddTags",
          "sagemaker:CreateTrainingJob",
          "sagemaker:DescribeTrainingJob",
          "sagemaker:ListTags",
          "sagemaker:StopTrainingJob",
        ]
        Resource = ["${local.sagemaker}:training-job/${var.project}-*"]
      },
      {
        Action   = ["sagemaker:AddTags", "sagemaker:CreateModel"]
        Resource = ["${local.sagemaker}:model/${var.project}-*"]
      },
      { # CreateEndpoint and UpdateEndpoint ask for both resources
        Action = [
          "sagemaker:AddTags",
          "sagemaker:CreateEndpoint",
          "sagemaker:CreateEndpointConfig",
          "sagemaker:DescribeEndpoint",
          "sagemaker:UpdateEndpoint",
        ]
        Resource = [
          "${local.sagemaker}:endpoint/${var.endpoint_name}",
          "${local.sagemaker}:endpoint-config/${var.project}-*",
        ]
      },
      { # by this rule of its own Step Functions hears of a job's end
        Action = ["events:DescribeRule", "events:PutRule", "events:PutTargets"]
        Resource = [
          "arn:${var.location.partition}:events:${var.location.region}:${var.location.account_id}:rule/StepFunctionsGetEventsForSageMakerTrainingJobsRule",
        ]
      },
      {
        Action   = ["sns:Publish"]
        Resource = [aws_sns_topic.model.arn]
      },
    ],
    [
      {
        Action    = ["iam:PassRole"]
        Resource  = [module.sagemaker_role.arn]
        Condition = { StringEquals = { "iam:PassedToService" = ["sagemaker.amazonaws.com"] } }
      },
    ],
    local.kms_statements,
  )
}

# ---------------------------------------------------------------- an upload starts the workflow
resource "aws_cloudwatch_event_rule" "incoming_image" {
  name        = "${var.project}-incoming-image"
  description = "An upload under incoming/ is classified as a batch of one."
  state       = "ENABLED"
  event_pattern = jsonencode({
    source      = ["aws.s3"]
    detail-type = ["Object Created"]
    detail = {
      bucket = { name = [module.data_bucket.name] }
      object = {
        key  = [{ prefix = "incoming/" }]
        size = [{ numeric = [">", 0] }] # the S3 console makes an empty object for a folder
      }
    }
  })
}

resource "aws_cloudwatch_event_target" "classify_batch" {
  rule      = aws_cloudwatch_event_rule.incoming_image.name
  target_id = "classify-batch"
  arn       = module.classify_batch.arn
  role_arn  = module.incoming_image_role.arn

  input_transformer {
    input_paths = {
      id     = "$.id"
      bucket = "$.detail.bucket.name"
      key    = "$.detail.object.key"
    }
    # LocalStack names the execution after the input's id.
    input_template = "{\"id\": <id>, \"images\": [{\"s3_bucket\": <bucket>, \"s3_key\": <key>}]}"
  }

  dead_letter_config {
    arn = module.undelivered.arn
  }
}

module "incoming_image_role" {
  source = "../role"

  project     = var.project
  name        = "start-execution"
  description = "The rule ${var.project}-incoming-image."
  service     = "events.amazonaws.com"
  trust       = { "aws:SourceAccount" = var.location.account_id }
  statements = [
    {
      Action   = ["states:StartExecution"]
      Resource = [module.classify_batch.arn]
    },
  ]
}

module "undelivered" {
  source = "../queue"

  name        = "${var.project}-incoming-undelivered"
  kms_key_arn = var.kms_key_arn
  sender = {
    service    = "events.amazonaws.com"
    source_arn = aws_cloudwatch_event_rule.incoming_image.arn
  }
}

# ---------------------------------------------------------------- what SageMaker may do
module "sagemaker_role" {
  source = "../role"

  project     = var.project
  name        = "train-and-serve"
  description = "Trains on and serves from the data bucket."
  service     = "sagemaker.amazonaws.com"
  trust       = { "aws:SourceAccount" = var.location.account_id }
  statements = concat(
    [
      {
        Action   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]
        Resource = ["${module.data_bucket.arn}/*"]
      },
      {
        Action   = ["s3:ListBucket", "s3:GetBucketLocation"]
        Resource = [module.data_bucket.arn]
      },
      {
        Action = [
          "logs:CreateLogGroup",
          "logs:CreateLogStream",
          "logs:DescribeLogStreams",
          "logs:PutLogEvents",
        ]
        Resource = [
          "arn:${var.location.partition}:logs:${var.location.region}:${var.location.account_id}:log-group:/aws/sagemaker/*",
        ]
      },
      { # the analyzer of monitoring schedules tells of violations
        Action   = ["sns:Publish"]
        Resource = [aws_sns_topic.low_confidence.arn]
      },
      { # GetAuthorizationToken knows no resources
        Action   = ["ecr:GetAuthorizationToken"]
        Resource = ["*"]
      },
      { # AWS's own algorithms lie in other accounts
        Action = [
          "ecr:BatchCheckLayerAvailability",
          "ecr:BatchGetImage",
          "ecr:GetDownloadUrlForLayer",
        ]
        Resource = concat(
          [for name in var.builtin_algorithms : "arn:${var.location.partition}:ecr:${var.location.region}:*:repository/${name}"],
          ["arn:${var.location.partition}:ecr:${var.location.region}:${var.location.account_id}:repository/${var.project}/*"],
        )
      },
    ],
    [
      { # PutMetricData knows no resources
        Action    = ["cloudwatch:PutMetricData"]
        Resource  = ["*"]
        Condition = { StringLike = { "cloudwatch:namespace" = ["/aws/sagemaker/*", "aws/sagemaker/*"] } }
      },
    ],
    local.vpc_statements,
    local.sagemaker_kms_statements,
    local.kms_grant_statements,
  )
}
