output "uploads_bucket_name" {
  description = "The bucket for photos and what was found in them."
  value       = module.uploads.name
}

output "failed_queue_url" {
  description = "Photos in which nothing could be looked for."
  value       = module.failed.url
}

output "names" {
  description = "The bucket, the queue and the functions, as CloudFormation's outputs."
  value = {
    uploads_bucket_name         = module.uploads.name
    detection_failed_queue_name = module.failed.name
    detect_function_name        = module.detect_objects.name
    annotate_function_name      = module.annotate_image.name
    answer_function_name        = module.answer_request.name
  }
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
