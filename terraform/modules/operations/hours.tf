# The endpoint is taken away for the night and brought back as it was: what costs is its hours.

locals {
  sagemaker = "arn:${var.location.partition}:sagemaker:${var.location.region}:${var.location.account_id}"
}

resource "aws_ssm_parameter" "endpoint_configuration" {
  #checkov:skip=CKV2_AWS_34:It is a configuration's name, no secret.
  count = var.endpoint_hours == null ? 0 : 1

  name        = "/${var.project}/endpoint-configuration"
  description = "What the endpoint was made from when it was taken away."
  type        = "String"
  value       = "none"

  lifecycle {
    ignore_changes = [value] # the state machine's
  }
}

module "endpoint_hours" {
  source = "../state_machine"
  count  = var.endpoint_hours == null ? 0 : 1

  project = var.project
  name    = "endpoint_hours"
  definition = templatefile("${var.definitions_dir}/endpoint_hours.asl.json", {
    EndpointName           = var.endpoint_name
    ConfigurationParameter = aws_ssm_parameter.endpoint_configuration[0].name
  })
  source_account = var.location.account_id
  policy_name    = "endpoint-hours"
  statements = [
    { # CreateEndpoint asks for both resources
      Action = [
        "sagemaker:AddTags",
        "sagemaker:CreateEndpoint",
        "sagemaker:DeleteEndpoint",
        "sagemaker:DescribeEndpoint",
        "sagemaker:DescribeEndpointConfig",
        "sagemaker:ListTags",
      ]
      Resource = [
        "${local.sagemaker}:endpoint/${var.endpoint_name}",
        "${local.sagemaker}:endpoint-config/${var.project}-*",
      ]
    },
    {
      Action = ["ssm:GetParameter", "ssm:PutParameter"]
      Resource = [
        "arn:${var.location.partition}:ssm:${var.location.region}:${var.location.account_id}:parameter/${var.project}/endpoint-configuration",
      ]
    },
  ]
}

resource "aws_scheduler_schedule" "endpoint" {
  #checkov:skip=CKV_AWS_297:Its input is "on" or "off"; the scheduler encrypts it with its own key.
  for_each = var.endpoint_hours == null ? {} : { off = var.endpoint_hours.off, on = var.endpoint_hours.on }

  name                         = "${var.project}-endpoint-${each.key}"
  schedule_expression          = each.value
  schedule_expression_timezone = var.endpoint_hours.time_zone

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = module.endpoint_hours[0].arn
    role_arn = module.schedule_role[0].arn
    input    = "{\"action\": \"${each.key}\"}"
  }
}

module "schedule_role" {
  source = "../role"
  count  = var.endpoint_hours == null ? 0 : 1

  project     = var.project
  name        = "start-endpoint-hours"
  description = "The schedules of ${var.project}-endpoint-hours."
  service     = "scheduler.amazonaws.com"
  trust       = { "aws:SourceAccount" = var.location.account_id }
  statements = [
    {
      Action   = ["states:StartExecution"]
      Resource = [module.endpoint_hours[0].arn]
    },
  ]
}
