# One Lambda function with a log group and a role of its own.

locals {
  dashed = replace(var.name, "_", "-")
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_115:Callers limit themselves (retries, MaxConcurrency); a reservation would take from the account's other functions.
  #checkov:skip=CKV_AWS_116:Called by Step Functions or API Gateway, which get the error; what S3 calls has an on_failure queue instead.
  #checkov:skip=CKV_AWS_117:It reaches only AWS's own APIs; in a VPC it would need endpoints for each.
  #checkov:skip=CKV_AWS_173:The variables are names and ARNs, no secrets; Lambda encrypts them with its own key.
  #checkov:skip=CKV_AWS_272:The zip files are named after their content's hash; a signing profile is an organisation's choice.
  function_name    = "${var.project}-${local.dashed}"
  description      = var.description
  runtime          = "python3.13"
  handler          = "${var.folder == null ? "" : "${var.folder}."}${var.name}.handler"
  role             = module.role.arn
  memory_size      = var.memory_mb
  timeout          = var.timeout_seconds
  layers           = var.layers
  filename         = var.package.path
  source_code_hash = var.package.path == null ? null : filebase64sha256(var.package.path)
  s3_bucket        = var.package.s3_bucket
  s3_key           = var.package.s3_key

  dynamic "environment" {
    for_each = length(var.environment) > 0 ? [var.environment] : []

    content {
      variables = environment.value
    }
  }

  tracing_config {
    mode = "Active"
  }

  depends_on = [aws_cloudwatch_log_group.this]
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_338:Thirty days by default; log_retention_days takes a year where one is asked for.
  name              = "/aws/lambda/${var.project}-${local.dashed}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

module "role" {
  source = "../role"

  project     = var.project
  name        = local.dashed
  description = "The function ${var.project}-${local.dashed}."
  service     = "lambda.amazonaws.com"
  statements = concat(
    var.statements,
    [
      {
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.this.arn}:*"]
      },
      { # X-Ray knows no resources
        Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
        Resource = ["*"]
      },
    ],
    var.kms_key_arn == null ? [] : [{
      Action   = var.writes_encrypted ? ["kms:Decrypt", "kms:GenerateDataKey"] : ["kms:Decrypt"]
      Resource = [var.kms_key_arn]
    }],
  )
}
