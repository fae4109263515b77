# The web part: detector, API and site. Any zip file stands for the packages here.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
}

variables {
  project = "scones-test"
  region  = "eu-west-1"
  owner   = "test"
  email   = "test@example.org"
  web = {
    packages = {
      detection = { s3_bucket = "scones-test-packages", s3_key = "detection-1.zip" }
      pillow    = { path = "packages/serialize_image.zip" }
    }
    detector = {
      image          = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/scones/object-detection:1"
      model_data_url = "s3://scones-test/models/detector/model.tar.gz"
      instance_type  = "ml.m5.large"
    }
    site = {
      bundle = "packages/serialize_image.zip"
      secrets = {
        SECRET_KEY     = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:cookies"
        SCONES_API_KEY = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:key"
      }
    }
  }
}

run "everything" {
  assert {
    condition     = output.uploads_bucket == "scones-test-uploads-123456789012-eu-west-1"
    error_message = "The uploads bucket has another name."
  }

  assert {
    condition     = startswith(output.site, "http://")
    error_message = "Without a certificate the site has no TLS, and says so."
  }
}

run "a_package_from_two_places" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    name               = "detect_objects"
    description        = "A test."
    package            = { path = "packages/serialize_image.zip", s3_bucket = "b", s3_key = "k" }
    memory_mb          = 128
    log_retention_days = 30
    statements         = []
  }

  expect_failures = [var.package]
}

run "two_instances_without_a_load_balancer" {
  command = plan

  module {
    source = "./modules/site"
  }

  variables {
    location           = { partition = "aws", region = "eu-west-1", account_id = "123456789012" }
    api                = { url = "https://example.org/v1", key_id = "key" }
    bundle             = "packages/serialize_image.zip"
    log_retention_days = 30
    max_instances      = 2
    secrets            = { SECRET_KEY = "arn:1", SCONES_API_KEY = "arn:2" }
  }

  expect_failures = [var.certificate_arn]
}

run "a_site_without_its_secrets" {
  command = plan

  module {
    source = "./modules/site"
  }

  variables {
    location           = { partition = "aws", region = "eu-west-1", account_id = "123456789012" }
    api                = { url = "https://example.org/v1", key_id = "key" }
    bundle             = "packages/serialize_image.zip"
    log_retention_days = 30
  }

  expect_failures = [var.secrets]
}
