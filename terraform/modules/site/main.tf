# The web site on Elastic Beanstalk: one instance, or several behind a load balancer with TLS.

locals {
  balanced = var.certificate_arn != null
  release  = substr(filesha256(var.bundle), 0, 16)

  uploads = "${var.project}-uploads-${var.location.account_id}-${var.location.region}"

  # What scones.web.environment reads; cloudformation/site.yaml gives the same.
  environment = merge({
    SCONES_API_URL = var.api.url
    SCONES_WEB_STORAGE_ORIGINS = join(",", [
      "https://${local.uploads}.s3.${var.location.region}.amazonaws.com",
      "https://${local.uploads}.s3.amazonaws.com",
    ])
    SCONES_WEB_HOSTS          = ".${var.location.region}.elasticbeanstalk.com"
    SCONES_WEB_TLS            = local.balanced ? "1" : "0"
    SCONES_WEB_PROXIES        = local.balanced ? "2" : "1" # nginx, and the load balancer before it
    DJANGO_SUPERUSER_USERNAME = "admin"
    DJANGO_SUPERUSER_EMAIL    = "admin@localhost"
  }, var.environment)

  options = concat(
    [
      ["aws:autoscaling:launchconfiguration", "IamInstanceProfile", aws_iam_instance_profile.instance.name],
      ["aws:autoscaling:launchconfiguration", "InstanceType", var.instance_type],
      # These two also make Elastic Beanstalk use launch templates: new accounts refuse launch configurations.
      ["aws:autoscaling:launchconfiguration", "DisableIMDSv1", "true"],
      ["aws:autoscaling:launchconfiguration", "RootVolumeType", "gp3"],
      ["aws:autoscaling:asg", "MinSize", "1"],
      ["aws:autoscaling:asg", "MaxSize", tostring(var.max_instances)],
      ["aws:elasticbeanstalk:environment", "EnvironmentType", local.balanced ? "LoadBalanced" : "SingleInstance"],
      ["aws:elasticbeanstalk:environment", "ServiceRole", module.service_role.name],
      ["aws:elasticbeanstalk:healthreporting:system", "SystemType", "enhanced"],
      ["aws:elasticbeanstalk:cloudwatch:logs", "StreamLogs", "true"],
      ["aws:elasticbeanstalk:cloudwatch:logs", "DeleteOnTerminate", "true"],
      ["aws:elasticbeanstalk:cloudwatch:logs", "RetentionInDays", tostring(var.log_retention_days)],
      ["aws:elasticbeanstalk:managedactions", "ManagedActionsEnabled", "true"],
      ["aws:elasticbeanstalk:managedactions", "PreferredStartTime", "Sun:03:00"],
      ["aws:elasticbeanstalk:managedactions:platformupdate", "UpdateLevel", "minor"],
      ["aws:elasticbeanstalk:xray", "XRayEnabled", "true"],
    ],
    local.balanced ? [
      ["aws:elasticbeanstalk:environment", "LoadBalancerType", "application"],
      ["aws:elasticbeanstalk:environment:process:default", "HealthCheckPath", "/health"],
      ["aws:elbv2:listener:443", "ListenerEnabled", "true"],
      ["aws:elbv2:listener:443", "Protocol", "HTTPS"],
      ["aws:elbv2:listener:443", "SSLCertificateArns", var.certificate_arn],
      ["aws:elbv2:listener:443", "SSLPolicy", "ELBSecurityPolicy-TLS13-1-2-2021-06"],
      ["aws:elbv2:listener:default", "ListenerEnabled", "false"],
    ] : [],
    var.vpc == null ? [] : [
      ["aws:ec2:vpc", "VPCId", var.vpc.id],
      ["aws:ec2:vpc", "Subnets", join(",", var.vpc.subnets)],
    ],
    [for name, value in local.environment : ["aws:elasticbeanstalk:application:environment", name, value]],
    [for name, arn in var.secrets : ["aws:elasticbeanstalk:application:environmentsecrets", name, arn]],
  )
}

# ---------------------------------------------------------------- releases
module "releases" {
  source = "../bucket"

  name          = "${var.project}-site-${var.location.account_id}-${var.location.region}"
  kms_key_arn   = var.kms_key_arn
  force_destroy = true # releases are built from the sources
}

resource "aws_s3_object" "bundle" {
  bucket      = module.releases.name
  key         = "releases/${local.release}.zip"
  source      = var.bundle
  source_hash = filesha256(var.bundle)
}

resource "aws_elastic_beanstalk_application" "this" {
  name        = "${var.project}-site"
  description = "Upload a photo, get it back with boxes and labels."

  appversion_lifecycle {
    service_role          = module.service_role.arn
    max_count             = 10
    delete_source_from_s3 = true
  }
}

resource "aws_elastic_beanstalk_application_version" "this" {
  name        = "${var.project}-site-${local.release}"
  application = aws_elastic_beanstalk_application.this.name
  description = "The bundle with this hash."
  bucket      = module.releases.name
  key         = aws_s3_object.bundle.key

  lifecycle {
    create_before_destroy = true # the environment leaves the old one first
  }
}

# ---------------------------------------------------------------- environment
data "aws_elastic_beanstalk_solution_stack" "python" {
  most_recent = true
  name_regex  = "^64bit Amazon Linux 2023 v[0-9.]+ running Python 3\\.13$"
}

resource "aws_elastic_beanstalk_environment" "this" {
  #checkov:skip=CKV_AWS_312:Enhanced health reporting is on, in local.options.
  #checkov:skip=CKV_AWS_340:Managed platform updates are on, in local.options.
  name                = "${substr(var.project, 0, 35)}-site"
  application         = aws_elastic_beanstalk_application.this.name
  description         = "The web site of ${var.project}."
  tier                = "WebServer"
  solution_stack_name = data.aws_elastic_beanstalk_solution_stack.python.name
  version_label       = aws_elastic_beanstalk_application_version.this.name

  dynamic "setting" {
    for_each = local.options

    content {
      namespace = setting.value[0]
      name      = setting.value[1]
      value     = setting.value[2]
    }
  }

  lifecycle {
    ignore_changes = [solution_stack_name] # managed updates move it
  }
}

# ---------------------------------------------------------------- roles
module "service_role" {
  source = "../role"

  project     = var.project
  name        = "site-service"
  description = "Elastic Beanstalk looks after the site's instances."
  service     = "elasticbeanstalk.amazonaws.com"
  trust       = { "sts:ExternalId" = "elasticbeanstalk" }
  statements = [
    { # application versions beyond the last ten
      Action   = ["s3:DeleteObject", "s3:GetObject"]
      Resource = ["${module.releases.arn}/releases/*"]
    },
  ]
}

# AWS's own policies: what the platform needs changes with the platform.
resource "aws_iam_role_policy_attachment" "service" {
  for_each = toset([
    "service-role/AWSElasticBeanstalkEnhancedHealth",
    "AWSElasticBeanstalkManagedUpdatesCustomerRolePolicy",
  ])

  role       = module.service_role.name
  policy_arn = "arn:${var.location.partition}:iam::aws:policy/${each.key}"
}

module "instance_role" {
  source = "../role"

  project     = var.project
  name        = "site-instance"
  description = "The site's instances."
  service     = "ec2.amazonaws.com"
  statements = concat(
    [
      { # the platform's own bucket: the bundle, and logs that somebody asks for
        Action = ["s3:GetObject", "s3:ListBucket", "s3:PutObject"]
        Resource = [
          "arn:${var.location.partition}:s3:::elasticbeanstalk-${var.location.region}-${var.location.account_id}",
          "arn:${var.location.partition}:s3:::elasticbeanstalk-${var.location.region}-${var.location.account_id}/*",
        ]
      },
      {
        Action   = ["s3:GetObject"]
        Resource = ["${module.releases.arn}/releases/*"]
      },
      {
        Action = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
        Resource = [
          "arn:${var.location.partition}:logs:${var.location.region}:${var.location.account_id}:log-group:/aws/elasticbeanstalk/*",
        ]
      },
      {
        Action = ["elasticbeanstalk:PutInstanceStatistics"]
        Resource = [
          "arn:${var.location.partition}:elasticbeanstalk:${var.location.region}:${var.location.account_id}:application/${var.project}-site",
          "arn:${var.location.partition}:elasticbeanstalk:${var.location.region}:${var.location.account_id}:environment/${var.project}-site/*",
        ]
      },
      { # X-Ray knows no resources
        Action   = ["xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments"]
        Resource = ["*"]
      },
    ],
    [{ # its own secrets
      Action   = ["secretsmanager:GetSecretValue", "ssm:GetParameter", "ssm:GetParameters"]
      Resource = values(var.secrets)
    }],
    var.kms_key_arn == null ? [] : [{
      Action   = ["kms:Decrypt"]
      Resource = [var.kms_key_arn]
    }],
  )
}

resource "aws_iam_instance_profile" "instance" {
  name_prefix = "${substr("${var.project}-site-instance", 0, 37)}-"
  role        = module.instance_role.name
}
