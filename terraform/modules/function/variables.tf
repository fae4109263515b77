variable "project" {
  type        = string
  description = "First part of every name."
}

variable "name" {
  type        = string
  description = "The handler's module, such as serialize_image; hyphens stand for underscores in names."
}

variable "folder" {
  type        = string
  default     = null
  description = "The folder in the zip file in which the module lies; null for none."
}

variable "description" {
  type        = string
  description = "What the function does."
}

variable "package" {
  type = object({
    path      = optional(string)
    s3_bucket = optional(string)
    s3_key    = optional(string)
  })
  description = "The zip file: a path here (up to 50 MB), or an object whose key changes with its content."

  validation {
    condition     = (var.package.path != null) != (var.package.s3_bucket != null && var.package.s3_key != null)
    error_message = "A package is either a path or both s3_bucket and s3_key."
  }
}

variable "memory_mb" {
  type        = number
  description = "Memory; Lambda gives processor time in proportion."
}

variable "timeout_seconds" {
  type        = number
  default     = 60
  description = "Longest run."
}

variable "environment" {
  type        = map(string)
  default     = {}
  description = "Environment variables; no secrets."
}

variable "layers" {
  type        = list(string)
  default     = []
  description = "ARNs of layer versions."
}

variable "statements" {
  type = list(object({
    Action    = list(string)
    Resource  = list(string)
    Condition = optional(map(map(list(string))))
  }))
  description = "What the function may do, beside writing its log and its traces."
}

variable "log_retention_days" {
  type        = number
  description = "How long its log is kept."
}

variable "writes_encrypted" {
  type        = bool
  default     = true
  description = "Whether it writes to what kms_key_arn encrypts, or only reads."
}

variable "kms_key_arn" {
  type        = string
  default     = null
  description = "Key of the buckets that the function reads or writes; null where they have none of their own."
}
