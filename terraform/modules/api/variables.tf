variable "project" {
  type        = string
  description = "First part of every name."
}

variable "location" {
  type = object({
    partition  = string
    region     = string
    account_id = string
  })
  description = "Where ARNs are."
}

variable "functions" {
  type        = map(object({ name = string, invoke_arn = string }))
  description = "The functions that the API calls, by handler: in the document ${"$"}{answer_request} stands for the URI."
}

variable "openapi_file" {
  type        = string
  description = "The API's OpenAPI document, a template."
}

variable "log_retention_days" {
  type        = number
  description = "How long the access log is kept."
}

variable "kms_key_arn" {
  type        = string
  default     = null
  description = "Key of the access log; null for CloudWatch's own."
}

variable "throttle" {
  type = object({
    requests_a_second = optional(number, 10)
    burst             = optional(number, 20)
    requests_a_day    = optional(number, 10000)
  })
  default     = {}
  description = "What the usage plan allows a key."
}

variable "set_account_log_role" {
  type        = bool
  description = <<-EOT
    Whether to give API Gateway in this region the role by which it writes logs. It is one setting for
    the whole account and region: false where another stack has made it.
  EOT
}
