# One project: the workflow always; the classifier's endpoint and the web part where asked for.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  web_packages = try(var.web.packages, null) != null ? var.web.packages : {
    for name in ["detection", "pillow"] : name => {
      path      = "${var.packages_dir}/${name}.zip"
      s3_bucket = null
      s3_key    = null
    }
  }
  tags = {
    "scones:project" = var.project
    "scones:owner"   = var.owner
    "scones:expiry"  = var.expiry
  }
  location = {
    partition  = data.aws_partition.current.partition
    region     = var.region
    account_id = data.aws_caller_identity.current.account_id
  }
  classifier_name = "${var.project}-classifier"
  detector_name   = "${var.project}-detector"
}

module "core" {
  source = "./modules/core"

  project            = var.project
  location           = local.location
  endpoint_name      = local.classifier_name
  threshold          = var.threshold
  classes            = var.classes
  email              = var.email
  log_retention_days = var.log_retention_days
  kms_key_arn        = var.kms_key_arn
  sagemaker_in_vpc   = var.sagemaker_vpc != null
  keep_data          = var.keep_data
  packages_dir       = var.packages_dir
  definitions_dir    = "${path.module}/../asl"
  builtin_algorithms = ["image-classification", "object-detection"]
}

module "classifier" {
  source = "./modules/endpoint"
  count  = var.classifier == null ? 0 : 1

  name            = local.classifier_name
  role_arn        = module.core.sagemaker_role_arn
  variants        = var.classifier.variants
  vpc             = var.sagemaker_vpc
  kms_key_arn     = var.kms_key_arn
  alarm_topic_arn = module.operations.topic_arn
  capture = {
    destination_s3_uri  = "s3://${module.core.data_bucket_name}/data_capture"
    sampling_percentage = var.classifier.capture_percentage
  }
}

module "operations" {
  source = "./modules/operations"

  project            = var.project
  location           = local.location
  email              = var.email
  kms_key_arn        = var.kms_key_arn
  monthly_budget_usd = var.monthly_budget_usd
  endpoint_name      = local.classifier_name
  own_endpoint       = var.classifier != null
  endpoint_hours     = var.endpoint_hours
  data_bucket_name   = module.core.data_bucket_name
  definitions_dir    = "${path.module}/../asl"
  state_machines     = module.core.state_machine_arns
  queues = merge(
    { incoming = module.core.undelivered_queue_name },
    { for detection in module.detection : "detection" => detection.failed_queue_name },
  )
  names = merge(
    { for detection in module.detection : "uploads-bucket" => detection.uploads_bucket_name },
    { for api in module.api : "api-url" => api.url },
  )
}

# ---------------------------------------------------------------- the web part
module "detector" {
  source = "./modules/endpoint"
  count  = try(var.web.detector, null) == null ? 0 : 1

  name            = local.detector_name
  role_arn        = module.core.sagemaker_role_arn
  variants        = { AllTraffic = var.web.detector }
  vpc             = var.sagemaker_vpc
  kms_key_arn     = var.kms_key_arn
  alarm_topic_arn = module.operations.topic_arn
}

module "detection" {
  source = "./modules/detection"
  count  = var.web == null ? 0 : 1

  project            = var.project
  location           = local.location
  endpoint_name      = local.detector_name
  classifier_name    = local.classifier_name
  packages           = local.web_packages
  detector_classes   = var.web.detector_classes
  classes            = var.classes
  threshold          = var.threshold
  photo_days         = var.web.photo_days
  upload_origins     = var.web.origins
  log_retention_days = var.log_retention_days
  kms_key_arn        = var.kms_key_arn
  keep_data          = var.keep_data
}

module "api" {
  source = "./modules/api"
  count  = var.web == null ? 0 : 1

  project              = var.project
  location             = local.location
  functions            = module.detection[0].functions
  openapi_file         = coalesce(var.web.openapi_file, "${path.module}/../api/openapi.json")
  log_retention_days   = var.log_retention_days
  kms_key_arn          = var.kms_key_arn
  throttle             = var.web.throttle
  set_account_log_role = var.web.set_account_log_role
}

module "site" {
  source = "./modules/site"
  count  = try(var.web.site, null) == null ? 0 : 1

  project            = var.project
  location           = local.location
  api                = { url = module.api[0].url, key_id = module.api[0].key_id }
  bundle             = var.web.site.bundle
  instance_type      = var.web.site.instance_type
  max_instances      = var.web.site.max_instances
  certificate_arn    = var.web.site.certificate_arn
  vpc                = var.web.site.vpc
  environment        = var.web.site.environment
  secrets            = var.web.site.secrets
  log_retention_days = var.log_retention_days
  kms_key_arn        = var.kms_key_arn
}
