variable "project" {
  type        = string
  description = "First part of the role's name."
}

variable "name" {
  type        = string
  description = "What the role is for, such as serialize-image; also its policy's name."
}

variable "description" {
  type        = string
  description = "Who takes the role and why."
}

variable "service" {
  type        = string
  description = "The AWS service that takes the role, such as lambda.amazonaws.com."
}

variable "trust" {
  type        = map(string)
  default     = {}
  description = "What must be so for the service to take the role, such as its aws:SourceAccount."
}

variable "statements" {
  type = list(object({
    Action    = list(string)
    Resource  = list(string)
    Condition = optional(map(map(list(string))))
  }))
  description = "What the role may do, as IAM writes it."
}
