# One state machine with a role of its own.

resource "aws_sfn_state_machine" "this" {
  #checkov:skip=CKV_AWS_285:A standard execution keeps its whole history for 90 days; a log would repeat it.
  name       = "${var.project}-${replace(var.name, "_", "-")}"
  type       = "STANDARD"
  role_arn   = module.role.arn
  definition = var.definition

  tracing_configuration {
    enabled = true
  }
}

module "role" {
  source = "../role"

  project     = var.project
  name        = var.policy_name
  description = "The state machine ${var.project}-${replace(var.name, "_", "-")}."
  service     = "states.amazonaws.com"
  trust       = { "aws:SourceAccount" = var.source_account }
  statements = concat(var.statements, [
    { # X-Ray knows no resources
      Action = [
        "xray:GetSamplingRules",
        "xray:GetSamplingTargets",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
      ]
      Resource = ["*"]
    },
  ])
}
