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
