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
  description = "The zip files of detect_objects, annotate_image, answer_request and the layer pillow."

  validation {
    condition     = toset(keys(var.packages)) == toset(["detect_objects", "annotate_image", "answer_request", "pillow"])
    error_message = "The packages are detect_objects, annotate_image, answer_request and pillow."
  }
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
