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

variable "bundle" {
  type        = string
  description = "The application's zip file, with its Procfile."
}

variable "api" {
  type        = object({ url = string, key_id = string })
  description = "The REST API that the site asks, and the id of its key."
}

variable "environment" {
  type        = map(string)
  default     = {}
  description = "More environment variables; no secrets."
}

variable "secrets" {
  type        = map(string)
  default     = {}
  description = "Environment variables whose values are in Secrets Manager or Parameter Store, as ARNs: SECRET_KEY, SCONES_API_KEY and, as wanted, DATABASE_URL and DJANGO_SUPERUSER_PASSWORD. Elastic Beanstalk reads them, and they are not in the state."

  validation {
    condition     = alltrue([for name in ["SECRET_KEY", "SCONES_API_KEY"] : contains(keys(var.secrets), name)])
    error_message = "The site does not start without secrets for SECRET_KEY and SCONES_API_KEY."
  }
}

variable "instance_type" {
  type        = string
  default     = "t3.small"
  description = "The site's instances."
}

variable "max_instances" {
  type        = number
  default     = 1
  description = "More than 1 needs certificate_arn: then a load balancer shares the requests."
}

variable "certificate_arn" {
  type        = string
  default     = null
  description = "ACM certificate for HTTPS on a load balancer; null for one instance without either."

  validation {
    condition     = var.certificate_arn != null || var.max_instances == 1
    error_message = "More than one instance needs a load balancer, and that a certificate_arn."
  }
}

variable "vpc" {
  type        = object({ id = string, subnets = list(string) })
  default     = null
  description = "Where the instances are; null for the account's default VPC."
}

variable "log_retention_days" {
  type        = number
  description = "How long the site's logs are kept."
}

variable "kms_key_arn" {
  type        = string
  default     = null
  description = "Key of the bucket of releases; null for S3's own."
}
