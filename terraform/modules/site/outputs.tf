output "url" {
  description = "The site's address."
  value       = "${local.balanced ? "https" : "http"}://${aws_elastic_beanstalk_environment.this.cname}"
}

output "environment_name" {
  description = "The Elastic Beanstalk environment."
  value       = aws_elastic_beanstalk_environment.this.name
}
