variable "project" {
  type        = string
  default     = "scones-unlimited"
  description = "First part of every name; another one deploys a second system beside the first."

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}[a-z0-9]$", var.project))
    error_message = "project is 3 to 32 lower-case letters, digits and hyphens, a letter first; '${var.project}' is not."
  }
}

variable "region" {
  type        = string
  default     = "us-east-1"
  description = "The AWS region."

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region is one like eu-west-1; '${var.region}' is not."
  }
}

variable "account_id" {
  type        = string
  default     = null
  description = "The only account to deploy to; null for whichever the credentials are for."

  validation {
    condition     = var.account_id == null || can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id has 12 digits."
  }
}

variable "owner" {
  type        = string
  description = "Who answers for the cost: the tag scones:owner on everything."

  validation {
    condition     = can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]{1,256}$", var.owner))
    error_message = "owner is a tag's value: letters, digits, spaces and _.:/=+-@."
  }
}

variable "expiry" {
  type        = string
  default     = "never"
  description = "When all this may go, as 2027-01-31, or never: the tag scones:expiry."

  validation {
    condition     = var.expiry == "never" || can(formatdate("YYYY-MM-DD", "${var.expiry}T00:00:00Z"))
    error_message = "expiry is a day such as 2027-01-31, or never."
  }
}

variable "email" {
  type        = string
  description = "Who is notified of images below the threshold; AWS asks this address to confirm."

  validation {
    condition     = can(regex("^[^@\\s]+@[^@\\s]+$", var.email))
    error_message = "email is an address such as name@example.org; '${var.email}' is not."
  }
}

variable "threshold" {
  type        = number
  default     = 0.93
  description = "Least confidence that routes a delivery."

  validation {
    condition     = var.threshold >= 0 && var.threshold <= 1
    error_message = "threshold is between 0 and 1."
  }
}

variable "classes" {
  type = list(object({
    name        = string
    loading_bay = string
    order_range = string
  }))
  default = [
    { name = "bicycle", loading_bay = "A", order_range = "nearby" },
    { name = "motorcycle", loading_bay = "B", order_range = "far" },
  ]
  description = "The classes in index order, with their routes."

  validation {
    condition     = length(var.classes) >= 2 && length(distinct(var.classes[*].name)) == length(var.classes)
    error_message = "classes are two or more, each with a name of its own."
  }

  validation {
    condition     = length(jsonencode(var.classes)) <= 3500
    error_message = "classes take more than the 3,500 characters that a function's environment has for them."
  }
}

variable "log_retention_days" {
  type        = number
  default     = 30
  description = "How long logs are kept."

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "CloudWatch keeps logs for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, ... days, not for ${var.log_retention_days}."
  }
}

variable "kms_key_arn" {
  type        = string
  default     = null
  description = "Key that encrypts buckets and topics; null for AWS's own keys. Its policy must let the account's roles use it."

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/", var.kms_key_arn))
    error_message = "kms_key_arn is a key's ARN: arn:aws:kms:REGION:ACCOUNT:key/ID."
  }
}

variable "sagemaker_vpc" {
  type = object({
    subnets            = list(string)
    security_group_ids = list(string)
  })
  default     = null
  description = "Where models and training jobs have network interfaces; null for SageMaker's own network. The VPC needs an S3 gateway endpoint."

  validation {
    condition     = try(length(var.sagemaker_vpc.subnets) > 0 && length(var.sagemaker_vpc.security_group_ids) > 0, var.sagemaker_vpc == null)
    error_message = "sagemaker_vpc has at least one subnet and one security group."
  }
}

variable "monthly_budget_usd" {
  type        = number
  default     = null
  description = "What a month may cost before an email says so; null for no budget. Counts what carries the tag scones:project, once it is activated as a cost allocation tag."

  validation {
    condition     = var.monthly_budget_usd == null || try(var.monthly_budget_usd > 0, false)
    error_message = "monthly_budget_usd is more than 0."
  }
}

variable "endpoint_hours" {
  type = object({
    off       = string
    on        = string
    time_zone = optional(string, "UTC")
  })
  default     = null
  description = "When the endpoint that `scones endpoint` made is taken away, as cron(0 20 * * ? *), and brought back; null for never. Not for an endpoint of Terraform's, which would miss it."

  validation {
    condition     = try(alltrue([for time in [var.endpoint_hours.off, var.endpoint_hours.on] : can(regex("^(cron|rate|at)\\(.+\\)$", time))]), var.endpoint_hours == null)
    error_message = "endpoint_hours has times such as cron(0 20 * * ? *)."
  }

  validation {
    condition     = var.endpoint_hours == null || var.classifier == null
    error_message = "An endpoint that Terraform makes is not taken away: choose endpoint_hours or classifier."
  }
}

variable "keep_data" {
  type        = bool
  default     = true
  description = "Whether `terraform destroy` refuses to delete buckets with photos, models and captures in them."
}

variable "packages_dir" {
  type        = string
  default     = "packages"
  description = "Folder with the functions' zip files: `scones package terraform/packages` writes them."
}

variable "classifier" {
  type = object({
    variants = map(object({
      image                = string
      model_data_url       = string
      environment          = optional(map(string), {})
      instance_type        = string
      instance_count       = optional(number, 1)
      weight               = optional(number, 1)
      max_instance_count   = optional(number)
      invocations_a_minute = optional(number, 600)
    }))
    capture_percentage = optional(number, 100)
  })
  default     = null
  description = <<-EOT
    The endpoint that classifies, its variants by name. Null where `scones train` or the state machine
    train-and-deploy makes it: then it is not Terraform's, and Terraform leaves it alone.
  EOT
}

variable "web" {
  type = object({
    packages = optional(map(object({
      path      = optional(string)
      s3_bucket = optional(string)
      s3_key    = optional(string)
    })))
    detector_classes = optional(list(string), ["bicycle", "motorcycle"])
    detector = optional(object({
      image                = string
      model_data_url       = string
      environment          = optional(map(string), {})
      instance_type        = string
      instance_count       = optional(number, 1)
      max_instance_count   = optional(number)
      invocations_a_minute = optional(number, 600)
    }))
    openapi_file         = optional(string)
    photo_days           = optional(number, 30)
    origins              = optional(list(string), [])
    set_account_log_role = optional(bool, true)
    throttle = optional(object({
      requests_a_second = optional(number, 10)
      burst             = optional(number, 20)
      requests_a_day    = optional(number, 10000)
    }), {})
    site = optional(object({
      bundle          = string
      instance_type   = optional(string, "t3.small")
      max_instances   = optional(number, 1)
      certificate_arn = optional(string)
      vpc             = optional(object({ id = string, subnets = list(string) }))
      environment     = optional(map(string), {})
      secrets         = optional(map(string), {})
    }))
  })
  default     = null
  description = <<-EOT
    The web part: detector, REST API and, with `site`, the Elastic Beanstalk site. Null for none. Without
    `packages` they are those in packages_dir; without `detector` its endpoint is not Terraform's.
  EOT
}

variable "localstack_url" {
  type        = string
  default     = "http://127.0.0.1:4566"
  description = "Where LocalStack listens; used by localstack/provider_override.tf only."
}
