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

variable "email" {
  type        = string
  description = "Who hears of alarms and of the budget."
}

variable "kms_key_arn" {
  type        = string
  default     = null
  description = "Key of the topic, whose policy must let cloudwatch.amazonaws.com and budgets.amazonaws.com use it; null for none."
}

variable "monthly_budget_usd" {
  type        = number
  default     = null
  description = "What a month may cost before an email says so; null for no budget."
}

variable "state_machines" {
  type        = map(string)
  description = "ARNs of the state machines whose failures are told, by their definitions' names; classify_image among them."
}

variable "endpoint_name" {
  type        = string
  description = "The endpoint that classifies."
}

variable "own_endpoint" {
  type        = bool
  description = "Whether Terraform makes that endpoint, with its alarms, or `scones endpoint` does."
}

variable "endpoint_hours" {
  type = object({
    off       = string
    on        = string
    time_zone = optional(string, "UTC")
  })
  default     = null
  description = "When the endpoint is taken away and brought back; null for never."
}

variable "data_bucket_name" {
  type        = string
  description = "The bucket for photos, models and captures."
}

variable "names" {
  type        = map(string)
  default     = {}
  description = "What else can be looked up in Parameter Store, by the last part of its name."
}

variable "definitions_dir" {
  type        = string
  description = "Folder with the state machines' files."
}

variable "queues" {
  type        = map(string)
  description = "Names of the dead-letter queues that are to be empty."
}
