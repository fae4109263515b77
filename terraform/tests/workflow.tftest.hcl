# The workflow by itself, made and looked at; `scones package terraform/packages` comes first.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
}

variables {
  project = "scones-test"
  region  = "eu-west-1"
  owner   = "test"
  email   = "test@example.org"
}

run "the_least_that_is_asked_for" {
  assert {
    condition     = output.core.data_bucket_name == "scones-test-data-123456789012-eu-west-1"
    error_message = "The data bucket has another name: ${output.core.data_bucket_name}"
  }

  assert {
    condition     = output.core.classify_function_name == "scones-test-classify-image"
    error_message = "The function has another name: ${output.core.classify_function_name}"
  }

  assert {
    condition     = output.api == null && output.site == null && output.classifier == null
    error_message = "The web part or the endpoint is made where nobody asked for it."
  }
}

run "a_name_too_long_for_a_bucket" {
  command = plan

  module {
    source = "./modules/bucket"
  }

  variables {
    name = "a-name-of-thirty-two-characters1-data-123456789012-ap-southeast-2"
  }

  expect_failures = [var.name]
}
