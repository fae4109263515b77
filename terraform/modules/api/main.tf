# The REST API: an OpenAPI document, a stage, and a key with a usage plan.

locals {
  body = templatefile(var.openapi_file, merge(
    { title = "${var.project}-api" },
    { for handler, function in var.functions : handler => function.invoke_arn },
  ))
}

resource "aws_api_gateway_rest_api" "this" {
  name           = "${var.project}-api"
  description    = "Photos in, objects or classes out."
  api_key_source = "HEADER"
  body           = local.body

  endpoint_configuration {
    types = ["REGIONAL"]
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_lambda_permission" "api" {
  for_each = var.functions

  statement_id  = "rest-api"
  action        = "lambda:InvokeFunction"
  function_name = each.value.name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_api_gateway_rest_api.this.execution_arn}/*"
}

resource "aws_api_gateway_deployment" "this" {
  rest_api_id = aws_api_gateway_rest_api.this.id
  triggers    = { body = sha256(local.body) }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_api_gateway_stage" "this" {
  #checkov:skip=CKV_AWS_120:Answers differ with every photo; a cache would cost by the hour.
  #checkov:skip=CKV2_AWS_29:A key and a usage plan limit callers; a firewall costs monthly and is an organisation's choice.
  #checkov:skip=CKV2_AWS_51:Callers show a key, not a certificate.
  rest_api_id          = aws_api_gateway_rest_api.this.id
  deployment_id        = aws_api_gateway_deployment.this.id
  stage_name           = "v1"
  xray_tracing_enabled = true

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format = jsonencode({
      request_id = "$context.requestId"
      trace_id   = "$context.xrayTraceId"
      time       = "$context.requestTimeEpoch"
      method     = "$context.httpMethod"
      path       = "$context.resourcePath"
      status     = "$context.status"
      latency_ms = "$context.responseLatency"
      key_id     = "$context.identity.apiKeyId"
    })
  }

  depends_on = [aws_api_gateway_account.this]
}

resource "aws_api_gateway_method_settings" "all" {
  #checkov:skip=CKV_AWS_225:Answers differ with every photo; a cache would cost by the hour.
  rest_api_id = aws_api_gateway_rest_api.this.id
  stage_name  = aws_api_gateway_stage.this.stage_name
  method_path = "*/*"

  settings {
    metrics_enabled        = true
    logging_level          = "ERROR"
    data_trace_enabled     = false # it would log the photos
    throttling_rate_limit  = var.throttle.requests_a_second
    throttling_burst_limit = var.throttle.burst
  }
}

# ---------------------------------------------------------------- key and usage plan
resource "aws_api_gateway_api_key" "site" {
  name        = "${var.project}-site"
  description = "The web site's key; its value is in the state, which is why the state is encrypted."
}

resource "aws_api_gateway_usage_plan" "this" {
  name        = "${var.project}-api"
  description = "What one key may ask for."

  api_stages {
    api_id = aws_api_gateway_rest_api.this.id
    stage  = aws_api_gateway_stage.this.stage_name
  }

  throttle_settings {
    rate_limit  = var.throttle.requests_a_second
    burst_limit = var.throttle.burst
  }

  quota_settings {
    limit  = var.throttle.requests_a_day
    period = "DAY"
  }
}

resource "aws_api_gateway_usage_plan_key" "site" {
  key_id        = aws_api_gateway_api_key.site.id
  key_type      = "API_KEY"
  usage_plan_id = aws_api_gateway_usage_plan.this.id
}

# ---------------------------------------------------------------- logs
resource "aws_cloudwatch_log_group" "access" {
  #checkov:skip=CKV_AWS_338:Thirty days by default; log_retention_days takes a year where one is asked for.
  name              = "/aws/apigateway/${var.project}-api"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_api_gateway_account" "this" {
  count = var.set_account_log_role ? 1 : 0

  cloudwatch_role_arn = aws_iam_role.logs[0].arn
  depends_on          = [aws_iam_role_policy_attachment.logs]
}

resource "aws_iam_role" "logs" {
  count = var.set_account_log_role ? 1 : 0

  name_prefix = "${substr("${var.project}-api-logs", 0, 37)}-"
  description = "API Gateway writes its logs in this region."
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "apigateway.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

# AWS's own policy: API Gateway refuses a role that may do less.
resource "aws_iam_role_policy_attachment" "logs" {
  count = var.set_account_log_role ? 1 : 0

  role       = aws_iam_role.logs[0].name
  policy_arn = "arn:${var.location.partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
}
