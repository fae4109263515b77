# A role for one service, with one policy and no rights beyond it.

resource "aws_iam_role" "this" {
  # A prefix, since roles are an account's, not a region's; IAM allows 38 characters.
  name_prefix = "${substr("${var.project}-${var.name}", 0, 37)}-"
  description = var.description
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [merge(
      {
        Effect    = "Allow"
        Principal = { Service = var.service }
        Action    = "sts:AssumeRole"
      },
      length(var.trust) == 0 ? {} : { Condition = { StringEquals = var.trust } },
    )]
  })
}

resource "aws_iam_role_policy" "this" {
  name = var.name
  role = aws_iam_role.this.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      for statement in var.statements : merge(
        { Effect = "Allow" },
        { for key, value in statement : key => value if value != null },
      )
    ]
  })
}
