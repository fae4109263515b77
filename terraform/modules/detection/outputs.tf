output "uploads_bucket_name" {
  description = "The bucket for photos and what was found in them."
  value       = module.uploads.name
}

output "failed_queue_url" {
  description = "Photos in which nothing could be looked for."
  value       = module.failed.url
}

output "failed_queue_name" {
  description = "The name of that queue."
  value       = module.failed.name
}

output "functions" {
  description = "What the API calls: function name and invocation URI, by handler."
  value = {
    answer_request = { name = module.answer_request.name, invoke_arn = module.answer_request.invoke_arn }
  }
}
