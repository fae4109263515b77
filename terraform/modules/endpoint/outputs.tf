output "name" {
  description = "The endpoint's name."
  value       = aws_sagemaker_endpoint.this.name
}

output "arn" {
  description = "The endpoint's ARN."
  value       = aws_sagemaker_endpoint.this.arn
}
