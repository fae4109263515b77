output "data_bucket_name" {
  description = "The bucket for images, models and captures."
  value       = module.data_bucket.name
}

output "topic_arn" {
  description = "The topic that tells of images below the threshold."
  value       = aws_sns_topic.low_confidence.arn
}

output "model_topic_arn" {
  description = "The topic that tells of new models."
  value       = aws_sns_topic.model.arn
}

output "classify_image_state_machine_arn" {
  description = "The state machine that classifies one image."
  value       = module.classify_image.arn
}

output "classify_batch_state_machine_arn" {
  description = "The state machine that classifies a batch."
  value       = module.classify_batch.arn
}

output "train_and_deploy_state_machine_arn" {
  description = "The state machine that trains a model and puts it into service."
  value       = module.train_and_deploy.arn
}

output "sagemaker_role_arn" {
  description = "The role that SageMaker takes."
  value       = module.sagemaker_role.arn
}

output "serialize_function_name" {
  description = "The function that reads an image."
  value       = module.serialize.name
}

output "classify_function_name" {
  description = "The function that asks the endpoint."
  value       = module.classify.name
}

output "filter_function_name" {
  description = "The function that applies the threshold."
  value       = module.filter.name
}

output "undelivered_queue_url" {
  description = "Uploads for which no execution could be started."
  value       = module.undelivered.url
}

output "undelivered_queue_name" {
  description = "The name of that queue."
  value       = module.undelivered.name
}

output "state_machine_arns" {
  description = "All state machines, by the name of their definition."
  value = {
    classify_image   = module.classify_image.arn
    classify_batch   = module.classify_batch.arn
    train_and_deploy = module.train_and_deploy.arn
  }
}
