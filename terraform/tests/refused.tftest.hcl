# Values that would fail late, or cost, are refused before anything is planned.

mock_provider "aws" {}

variables {
  owner = "test"
  email = "test@example.org"
}

run "project_with_capitals" {
  command = plan

  variables {
    project = "Scones"
  }

  expect_failures = [var.project]
}

run "region_that_is_a_zone" {
  command = plan

  variables {
    region = "us-east-1a"
  }

  expect_failures = [var.region]
}

run "account_with_hyphens" {
  command = plan

  variables {
    account_id = "1234-5678-9012"
  }

  expect_failures = [var.account_id]
}

run "expiry_that_is_no_day" {
  command = plan

  variables {
    expiry = "2027-02-31"
  }

  expect_failures = [var.expiry]
}

run "email_that_is_none" {
  command = plan

  variables {
    email = "dispatcher"
  }

  expect_failures = [var.email]
}

run "threshold_in_percent" {
  command = plan

  variables {
    threshold = 93
  }

  expect_failures = [var.threshold]
}

run "the_same_class_twice" {
  command = plan

  variables {
    classes = [
      { name = "bicycle", loading_bay = "A", order_range = "nearby" },
      { name = "bicycle", loading_bay = "B", order_range = "far" },
    ]
  }

  expect_failures = [var.classes]
}

run "retention_that_cloudwatch_has_not" {
  command = plan

  variables {
    log_retention_days = 31
  }

  expect_failures = [var.log_retention_days]
}

run "key_by_alias" {
  command = plan

  variables {
    kms_key_arn = "alias/scones"
  }

  expect_failures = [var.kms_key_arn]
}

run "free_of_cost" {
  command = plan

  variables {
    monthly_budget_usd = 0
  }

  expect_failures = [var.monthly_budget_usd]
}
