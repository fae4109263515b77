# LocalStack instead of AWS: copy this file beside provider.tf, and leave that one as it is.
#
#   cp localstack/provider_override.tf .
#   terraform apply -var-file localstack/localstack.tfvars

provider "aws" {
  access_key                  = "test"
  secret_key                  = "test"
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true

  endpoints {
    apigateway       = var.localstack_url
    cloudwatch       = var.localstack_url
    cloudwatchevents = var.localstack_url
    cloudwatchlogs   = var.localstack_url
    iam              = var.localstack_url
    lambda           = var.localstack_url
    s3               = var.localstack_url
    sagemaker        = var.localstack_url
    sfn              = var.localstack_url
    sns              = var.localstack_url
    sqs              = var.localstack_url
    sts              = var.localstack_url
  }
}
