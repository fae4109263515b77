output "core" {
  description = "Names and ARNs of the workflow, as CloudFormation's outputs."
  value       = module.core
}

output "classifier" {
  description = "The classifier's endpoint, where Terraform makes it."
  value       = one(module.classifier[*].name)
}

output "uploads_bucket" {
  description = "The bucket for photos."
  value       = one(module.detection[*].uploads_bucket_name)
}

output "detection" {
  description = "Names of the web part, as CloudFormation's outputs."
  value       = one(module.detection[*].names)
}

output "api" {
  description = "The REST API's address and the id of the site's key."
  value       = var.web == null ? null : { url = module.api[0].url, key_id = module.api[0].key_id }
}

output "site" {
  description = "The web site's address."
  value       = one(module.site[*].url)
}
