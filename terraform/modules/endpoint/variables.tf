variable "name" {
  type        = string
  description = "The endpoint's name; first part of its models' and configurations' names."

  validation {
    condition     = can(regex("^[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$", var.name))
    error_message = "An endpoint's name is 1 to 63 letters, digits and hyphens, the first and last no hyphen; '${var.name}' is not."
  }
}

variable "role_arn" {
  type        = string
  description = "The role that SageMaker takes."
}

variable "variants" {
  type = map(object({
    image                = string
    model_data_url       = string
    environment          = optional(map(string), {})
    instance_type        = string
    instance_count       = optional(number, 1)
    weight               = optional(number, 1)
    max_instance_count   = optional(number)
    invocations_a_minute = optional(number, 600)
  }))
  description = <<-EOT
    Production variants by name. Where max_instance_count is more than instance_count, instances are
    added so that each serves about invocations_a_minute.
  EOT

  validation {
    condition     = length(var.variants) > 0 && alltrue([for variant in values(var.variants) : variant.weight >= 0])
    error_message = "An endpoint has at least one variant, and no weight is below 0."
  }

  validation {
    condition     = alltrue([for variant in values(var.variants) : variant.instance_count >= 1])
    error_message = "A variant has at least one instance."
  }
}

variable "capture" {
  type = object({
    destination_s3_uri  = string
    sampling_percentage = optional(number, 100)
  })
  default     = null
  description = "Where requests and answers are captured; null for none."
}

variable "kms_key_arn" {
  type        = string
  default     = null
  description = "Key of the instances' storage and the captures; null for SageMaker's own."
}

variable "vpc" {
  type = object({
    subnets            = list(string)
    security_group_ids = list(string)
  })
  default     = null
  description = "Where the models have network interfaces; null for SageMaker's own network."
}

variable "alarm_topic_arn" {
  type        = string
  default     = null
  description = "Topic told of alarms; null for none."
}
