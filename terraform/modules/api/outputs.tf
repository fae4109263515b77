output "url" {
  description = "The API's address."
  value       = aws_api_gateway_stage.this.invoke_url
}

output "key_id" {
  description = "The id by which the site's key is read: aws apigateway get-api-key --include-value --api-key ID."
  value       = aws_api_gateway_api_key.site.id
}
