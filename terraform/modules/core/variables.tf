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
  description = "The SageMaker endpoint that classifies the images."
}

variable "threshold" {
  type        = number
  description = "Least confidence that routes a delivery."
}

variable "classes" {
  type = list(object({
    name        = string
    loading_bay = string
    order_range = string
  }))
  description = "The classes in index order, with their routes."
}

variable "email" {
  type        = string
  description = "Who is notified."
}

variable "log_retention_days" {
  type        = number
  description = "How long the functions' logs are kept."
}

variable "kms_key_arn" {
  type        = string
  default     = null
  description = "Key of the data bucket and the topics; null for AWS's own."
}

variable "sagemaker_in_vpc" {
  type        = bool
  default     = false
  description = "Whether training jobs and models have network interfaces in a VPC of the account."
}

variable "keep_data" {
  type        = bool
  description = "Whether `terraform destroy` refuses to delete a data bucket that is not empty."
}

variable "packages_dir" {
  type        = string
  description = "Folder with the functions' zip files, written by `scones package`."
}

variable "definitions_dir" {
  type        = string
  description = "Folder with the state machines' files."
}

variable "builtin_algorithms" {
  type        = list(string)
  description = "Repositories of AWS's own algorithms that SageMaker may pull, in AWS's accounts."
}
