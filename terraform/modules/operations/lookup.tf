# What people and other programs look up: a dashboard, and names under /PROJECT.

locals {
  variant = ["EndpointName", var.endpoint_name, "VariantName", "AllTraffic"]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.project
  dashboard_body = jsonencode({
    widgets = [
      {
        type = "metric", x = 0, y = 0, width = 12, height = 6
        properties = {
          title  = "Executions"
          region = var.location.region
          stat   = "Sum"
          period = 300
          metrics = flatten([
            for name in ["classify_image", "classify_batch"] : [
              for metric in ["ExecutionsSucceeded", "ExecutionsFailed"] :
              { line = ["AWS/States", metric, "StateMachineArn", var.state_machines[name]] }
            ]
          ])[*].line
        }
      },
      {
        type = "metric", x = 12, y = 0, width = 12, height = 6
        properties = {
          title  = "Endpoint"
          region = var.location.region
          period = 60
          metrics = [
            concat(["AWS/SageMaker", "Invocations"], local.variant, [{ stat = "Sum" }]),
            concat(["AWS/SageMaker", "Invocation5XXErrors"], local.variant, [{ stat = "Sum" }]),
            concat(["AWS/SageMaker", "ModelLatency"], local.variant, [{ stat = "p95", yAxis = "right" }]),
          ]
        }
      },
      {
        type = "alarm", x = 0, y = 6, width = 24, height = 3
        properties = {
          title = "Alarms"
          alarms = concat(
            [aws_cloudwatch_metric_alarm.failed_photos.arn],
            [for name in ["classify_batch", "train_and_deploy"] : aws_cloudwatch_metric_alarm.failed_executions[name].arn],
            [for name in keys(var.queues) : aws_cloudwatch_metric_alarm.dead_letters[name].arn],
            aws_cloudwatch_metric_alarm.endpoint_errors[*].arn,
          )
        }
      },
    ]
  })
}

resource "aws_ssm_parameter" "name" {
  #checkov:skip=CKV2_AWS_34:They are names and ARNs, no secrets.
  for_each = merge(
    { data-bucket = var.data_bucket_name, endpoint-name = var.endpoint_name },
    { for name, arn in var.state_machines : "${replace(name, "_", "-")}-state-machine" => arn },
    var.names,
  )

  name  = "/${var.project}/${each.key}"
  type  = "String"
  value = each.value
}
