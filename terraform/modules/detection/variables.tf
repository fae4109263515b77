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

variable "endpoint_name" {
  type        = string
  description = "The SageMaker endpoint that detects objects."
}

variable "classifier_name" {
  type        = string
  description = "The SageMaker endpoint that classifies images."
}

variable "packages" {
  type = map(object({
    path      = optional(string)
    s3_bucket = optional(string)
    s3_key    = optional(string)
  }))
  description = "The zip files of the functions (detection) and of the layer (pillow)."

  validation {
    condition     = toset(keys(var.packages)) == toset(["detection", "pillow"])
    error_message = "The packages are detection and pillow, as `scones package` writes them."
  }
}

variable "detector_classes" {
  type        = list(string)
  description = "Names of what the detector finds, by class_id."
}

variable "classes" {
  type = list(object({
    name        = string
    loading_bay = string
    order_range = string
  }))
  description = "What the classifier tells, in class order, with their routes."
}

variable "threshold" {
  type        = number
  description = "Least confidence that routes a delivery."
}

variable "photo_days" {
  type        = number
  description = "Days after which uploads and results are deleted."
}

variable "upload_origins" {
  type        = list(string)
  description = "Web origins whose pages may upload directly."
}

variable "log_retention_days" {
  type        = number
  description = "How long the functions' logs are kept."
}

variable "kms_key_arn" {
  type        = string
  default     = null
  description = "Key of the uploads bucket; null for S3's own."
}

variable "keep_data" {
  type        = bool
  description = "Whether `terraform destroy` refuses to delete an uploads bucket that is not empty."
}
