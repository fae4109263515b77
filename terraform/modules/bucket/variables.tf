variable "name" {
  type        = string
  description = "The bucket's name."

  validation {
    condition     = length(var.name) <= 63
    error_message = "The bucket name ${var.name} has more than the 63 characters that S3 allows: shorten project."
  }
}

variable "kms_key_arn" {
  type        = string
  default     = null
  description = "Key that encrypts the objects; null for S3's own (SSE-S3)."
}

variable "force_destroy" {
  type        = bool
  default     = false
  description = "Whether `terraform destroy` deletes the objects too; otherwise it refuses a full bucket."
}

variable "event_bridge" {
  type        = bool
  default     = false
  description = "Whether S3 tells EventBridge of each object."
}

variable "expiry_days" {
  type        = map(number)
  default     = {}
  description = "Days after which objects are deleted, by key prefix."
}

variable "upload_origins" {
  type        = list(string)
  default     = []
  description = "Web origins, such as https://photos.example.org, whose pages may upload directly."
}
