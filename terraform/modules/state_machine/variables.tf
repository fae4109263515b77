variable "project" {
  type        = string
  description = "First part of every name."
}

variable "name" {
  type        = string
  description = "The definition's file in asl/, such as classify_image; hyphens stand for underscores in names."
}

variable "definition" {
  type        = string
  description = "The definition in Amazon States Language, its substitutions made."
}

variable "source_account" {
  type        = string
  description = "The account on whose behalf Step Functions must act."
}

variable "policy_name" {
  type        = string
  description = "What its role may do, in a word or two."
}

variable "statements" {
  type = list(object({
    Action    = list(string)
    Resource  = list(string)
    Condition = optional(map(map(list(string))))
  }))
  description = "What the state machine may do, beside writing its traces."
}
