# A SageMaker endpoint with its variants, their models, scaling and alarms.

locals {
  scaled = {
    for name, variant in var.variants : name => variant
    if coalesce(variant.max_instance_count, variant.instance_count) > variant.instance_count
  }
}

resource "aws_sagemaker_model" "this" {
  for_each = var.variants

  # A model cannot be changed: a new artifact makes a new one, under a new name.
  name                     = "${substr(var.name, 0, 40)}-${substr(sha256(jsonencode([each.key, each.value.image, each.value.model_data_url, each.value.environment, var.vpc])), 0, 12)}"
  execution_role_arn       = var.role_arn
  enable_network_isolation = true

  primary_container {
    image          = each.value.image
    model_data_url = each.value.model_data_url
    environment    = each.value.environment
  }

  dynamic "vpc_config" {
    for_each = var.vpc == null ? [] : [var.vpc]

    content {
      subnets            = vpc_config.value.subnets
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_sagemaker_endpoint_configuration" "this" {
  name_prefix = "${substr(var.name, 0, 36)}-"
  kms_key_arn = var.kms_key_arn

  dynamic "production_variants" {
    for_each = var.variants

    content {
      variant_name           = production_variants.key
      model_name             = aws_sagemaker_model.this[production_variants.key].name
      instance_type          = production_variants.value.instance_type
      initial_instance_count = production_variants.value.instance_count
      initial_variant_weight = production_variants.value.weight
    }
  }

  dynamic "data_capture_config" {
    for_each = var.capture == null ? [] : [var.capture]

    content {
      enable_capture              = true
      initial_sampling_percentage = data_capture_config.value.sampling_percentage
      destination_s3_uri          = data_capture_config.value.destination_s3_uri
      kms_key_id                  = var.kms_key_arn

      capture_options {
        capture_mode = "Input"
      }

      capture_options {
        capture_mode = "Output"
      }

      capture_content_type_header {
        json_content_types = ["application/json"]
      }
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_sagemaker_endpoint" "this" {
  name                 = var.name
  endpoint_config_name = aws_sagemaker_endpoint_configuration.this.name
}

# ---------------------------------------------------------------- scaling
resource "aws_appautoscaling_target" "variant" {
  for_each = local.scaled

  service_namespace  = "sagemaker"
  resource_id        = "endpoint/${aws_sagemaker_endpoint.this.name}/variant/${each.key}"
  scalable_dimension = "sagemaker:variant:DesiredInstanceCount"
  min_capacity       = each.value.instance_count
  max_capacity       = each.value.max_instance_count
}

resource "aws_appautoscaling_policy" "variant" {
  for_each = local.scaled

  name               = "${var.name}-${each.key}-invocations"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.variant[each.key].service_namespace
  resource_id        = aws_appautoscaling_target.variant[each.key].resource_id
  scalable_dimension = aws_appautoscaling_target.variant[each.key].scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value       = each.value.invocations_a_minute
    scale_in_cooldown  = 600 # an instance takes minutes to come
    scale_out_cooldown = 60

    predefined_metric_specification {
      predefined_metric_type = "SageMakerVariantInvocationsPerInstance"
    }
  }
}

# ---------------------------------------------------------------- alarms
resource "aws_cloudwatch_metric_alarm" "server_errors" {
  for_each = var.variants

  alarm_name          = "${var.name}-${each.key}-5xx"
  alarm_description   = "The endpoint ${var.name}, variant ${each.key}, answered with errors of its own."
  namespace           = "AWS/SageMaker"
  metric_name         = "Invocation5XXErrors"
  dimensions          = { EndpointName = aws_sagemaker_endpoint.this.name, VariantName = each.key }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 3
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
}
