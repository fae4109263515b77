output "arn" {
  description = "The role's ARN, known once its policy is in force."
  value       = aws_iam_role.this.arn
  depends_on  = [aws_iam_role_policy.this]
}

output "name" {
  description = "The role's name."
  value       = aws_iam_role.this.name
}
