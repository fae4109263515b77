variable "name" {
  type        = string
  description = "The queue's name."
}

variable "sender" {
  type = object({
    service    = string
    source_arn = string
  })
  default     = null
  description = "An AWS service that sends under its own name and the resource it sends for; null where only roles send."
}

variable "kms_key_arn" {
  type        = string
  default     = null
  description = "Key of the messages, whose policy lets the sender use it; null for SQS's own."
}
