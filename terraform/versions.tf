terraform {
  required_version = ">= 1.9.0" # validation across variables; the lock of state in S3 wants 1.10

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.80.0, < 7.0.0" # each attribute used is in 5.80 and in 6
    }
  }
}
