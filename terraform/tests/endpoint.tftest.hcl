# An endpoint with two variants, one of which grows with its load.

mock_provider "aws" {}

variables {
  name     = "scones-test-classifier"
  role_arn = "arn:aws:iam::123456789012:role/scones-test"
  variants = {
    current = {
      image              = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/scones/image-classification:1"
      model_data_url     = "s3://scones-test/models/1/model.tar.gz"
      instance_type      = "ml.m5.large"
      instance_count     = 2
      max_instance_count = 6
      weight             = 9
    }
    candidate = {
      image          = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/scones/image-classification:1"
      model_data_url = "s3://scones-test/models/2/model.tar.gz"
      instance_type  = "ml.m5.large"
    }
  }
}

run "two_variants" {
  module {
    source = "./modules/endpoint"
  }

  assert {
    condition     = length(aws_sagemaker_endpoint_configuration.this.production_variants) == 2
    error_message = "Both variants serve."
  }

  assert {
    condition     = aws_sagemaker_model.this["current"].name != aws_sagemaker_model.this["candidate"].name
    error_message = "Two artifacts are two models."
  }

  assert {
    condition     = keys(aws_appautoscaling_target.variant) == ["current"] && aws_appautoscaling_target.variant["current"].max_capacity == 6
    error_message = "Only the variant with a max_instance_count grows."
  }

  assert {
    condition     = aws_appautoscaling_target.variant["current"].resource_id == "endpoint/scones-test-classifier/variant/current"
    error_message = "The scaling belongs to another variant."
  }

  assert {
    condition     = length(aws_sagemaker_endpoint_configuration.this.data_capture_config) == 0
    error_message = "Nothing is captured unless it is asked for."
  }
}

run "captured" {
  module {
    source = "./modules/endpoint"
  }

  variables {
    capture = { destination_s3_uri = "s3://scones-test/data_capture" }
  }

  assert {
    condition     = aws_sagemaker_endpoint_configuration.this.data_capture_config[0].initial_sampling_percentage == 100
    error_message = "Every request is captured."
  }
}

run "no_variant" {
  command = plan

  module {
    source = "./modules/endpoint"
  }

  variables {
    variants = {}
  }

  expect_failures = [var.variants]
}
