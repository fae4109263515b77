# A dead-letter queue: encrypted, over TLS only, kept for two weeks, SQS's longest.

resource "aws_sqs_queue" "this" {
  name                      = var.name
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = var.kms_key_arn == null ? true : null
  kms_master_key_id         = var.kms_key_arn
}

resource "aws_sqs_queue_policy" "this" {
  queue_url = aws_sqs_queue.this.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "EncryptedTransportOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = ["sqs:*"]
        Resource  = [aws_sqs_queue.this.arn]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }],
      var.sender == null ? [] : [{
        Sid       = "Sender"
        Effect    = "Allow"
        Principal = { Service = var.sender.service }
        Action    = ["sqs:SendMessage"]
        Resource  = [aws_sqs_queue.this.arn]
        Condition = { ArnEquals = { "aws:SourceArn" = var.sender.source_arn } }
      }],
    )
  })
}
