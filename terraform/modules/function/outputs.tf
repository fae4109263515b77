output "name" {
  description = "The function's name."
  value       = aws_lambda_function.this.function_name
}

output "arn" {
  description = "The function's ARN."
  value       = aws_lambda_function.this.arn
}

output "invoke_arn" {
  description = "The URI by which API Gateway calls the function."
  value       = aws_lambda_function.this.invoke_arn
}

output "role_name" {
  description = "The name of the function's role."
  value       = module.role.name
}
