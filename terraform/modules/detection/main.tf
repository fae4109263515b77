# Photos with boxes: an upload is looked at by a detector, then drawn on.
#
#   uploads/ID ─▶ detect_objects ─▶ annotate_image ─▶ results/ID.png, results/ID.json, status/ID.json
#                        └────────────────┴── what fails three times ─▶ queue

locals {
  sagemaker  = "arn:${var.location.partition}:sagemaker:${var.location.region}:${var.location.account_id}"
  bucket     = "${var.project}-uploads-${var.location.account_id}-${var.location.region}"
  bucket_arn = module.uploads.arn
}

module "uploads" {
  source = "../bucket"

  name           = local.bucket
  kms_key_arn    = var.kms_key_arn
  force_destroy  = !var.keep_data
  expiry_days    = { for folder in ["uploads", "results", "status"] : "${folder}/" => var.photo_days }
  upload_origins = var.upload_origins
}

module "failed" {
  source = "../queue"

  name        = "${var.project}-detection-failed"
  kms_key_arn = var.kms_key_arn
}

resource "aws_lambda_layer_version" "pillow" {
  layer_name               = "${var.project}-pillow"
  description              = "Pillow, which reads photos and draws."
  compatible_runtimes      = ["python3.13"]
  compatible_architectures = ["x86_64"]
  filename                 = var.packages["pillow"].path
  source_code_hash         = var.packages["pillow"].path == null ? null : filebase64sha256(var.packages["pillow"].path)
  s3_bucket                = var.packages["pillow"].s3_bucket
  s3_key                   = var.packages["pillow"].s3_key
}

# ---------------------------------------------------------------- functions
module "detect_objects" {
  source = "../function"

  project            = var.project
  folder             = "detection"
  name               = "detect_objects"
  description        = "Asks the SageMaker endpoint what is where in a photo."
  package            = var.packages["detection"]
  layers             = [aws_lambda_layer_version.pillow.arn]
  memory_mb          = 1769 # one processor
  log_retention_days = var.log_retention_days
  kms_key_arn        = var.kms_key_arn
  environment = {
    UPLOADS_BUCKET   = local.bucket
    DETECTOR_NAME    = var.endpoint_name
    DETECTOR_CLASSES = jsonencode(var.detector_classes)
    ATTEMPTS         = "3"
  }
  statements = [
    {
      Action   = ["sagemaker:InvokeEndpoint"]
      Resource = ["${local.sagemaker}:endpoint/${var.endpoint_name}"]
    },
    {
      Action   = ["s3:GetObject"]
      Resource = ["${local.bucket_arn}/uploads/*", "${local.bucket_arn}/status/*"]
    },
    {
      Action   = ["s3:PutObject"]
      Resource = ["${local.bucket_arn}/results/*", "${local.bucket_arn}/status/*"]
    },
    { # without it S3 answers "access denied" for an object that is not there
      Action   = ["s3:ListBucket"]
      Resource = [local.bucket_arn]
    },
    { # what succeeds goes there, what fails to the queue
      Action   = ["lambda:InvokeFunction"]
      Resource = [module.annotate_image.arn]
    },
    {
      Action   = ["sqs:SendMessage"]
      Resource = [module.failed.arn]
    },
  ]
}

module "annotate_image" {
  source = "../function"

  project            = var.project
  folder             = "detection"
  name               = "annotate_image"
  description        = "Draws boxes and labels on a photo."
  package            = var.packages["detection"]
  layers             = [aws_lambda_layer_version.pillow.arn]
  memory_mb          = 1769
  log_retention_days = var.log_retention_days
  kms_key_arn        = var.kms_key_arn
  environment        = { UPLOADS_BUCKET = local.bucket, ATTEMPTS = "3" }
  statements = [
    {
      Action   = ["s3:GetObject"]
      Resource = [for folder in ["uploads", "results", "status"] : "${local.bucket_arn}/${folder}/*"]
    },
    {
      Action   = ["s3:PutObject"]
      Resource = ["${local.bucket_arn}/results/*", "${local.bucket_arn}/status/*"]
    },
    {
      Action   = ["s3:ListBucket"]
      Resource = [local.bucket_arn]
    },
    {
      Action   = ["sqs:SendMessage"]
      Resource = [module.failed.arn]
    },
  ]
}

module "answer_request" {
  source = "../function"

  project            = var.project
  folder             = "detection"
  name               = "answer_request"
  description        = "Answers the REST API: detect, classify, uploads and results."
  package            = var.packages["detection"]
  layers             = [aws_lambda_layer_version.pillow.arn]
  memory_mb          = 1769
  timeout_seconds    = 29 # API Gateway's own limit
  log_retention_days = var.log_retention_days
  kms_key_arn        = var.kms_key_arn
  environment = {
    UPLOADS_BUCKET   = local.bucket
    DETECTOR_NAME    = var.endpoint_name
    DETECTOR_CLASSES = jsonencode(var.detector_classes)
    CLASSIFIER_NAME  = var.classifier_name
    CLASSES          = jsonencode(var.classes)
    THRESHOLD        = tostring(var.threshold)
  }
  statements = [
    {
      Action = ["sagemaker:InvokeEndpoint"]
      Resource = [
        "${local.sagemaker}:endpoint/${var.endpoint_name}",
        "${local.sagemaker}:endpoint/${var.classifier_name}",
      ]
    },
    {
      Action   = ["s3:GetObject"]
      Resource = [for folder in ["uploads", "results", "status"] : "${local.bucket_arn}/${folder}/*"]
    },
    { # a form has its signer's rights
      Action   = ["s3:PutObject"]
      Resource = ["${local.bucket_arn}/uploads/*", "${local.bucket_arn}/status/*"]
    },
    {
      Action   = ["s3:ListBucket"]
      Resource = [local.bucket_arn]
    },
  ]
}

# ---------------------------------------------------------------- an upload starts the detection
resource "aws_lambda_permission" "uploads" {
  statement_id   = "uploads"
  action         = "lambda:InvokeFunction"
  function_name  = module.detect_objects.name
  principal      = "s3.amazonaws.com"
  source_arn     = module.uploads.arn
  source_account = var.location.account_id
}

resource "aws_s3_bucket_notification" "uploads" {
  bucket = module.uploads.name

  lambda_function {
    lambda_function_arn = module.detect_objects.arn
    events              = ["s3:ObjectCreated:*"]
    filter_prefix       = "uploads/"
  }

  depends_on = [aws_lambda_permission.uploads]
}

resource "aws_lambda_function_event_invoke_config" "detect_objects" {
  function_name          = module.detect_objects.name
  qualifier              = "$LATEST"
  maximum_retry_attempts = 2

  destination_config {
    on_success {
      destination = module.annotate_image.arn
    }

    on_failure {
      destination = module.failed.arn
    }
  }
}

resource "aws_lambda_function_event_invoke_config" "annotate_image" {
  function_name          = module.annotate_image.name
  qualifier              = "$LATEST"
  maximum_retry_attempts = 2

  destination_config {
    on_failure {
      destination = module.failed.arn
    }
  }
}
