output "topic_arn" {
  description = "The topic that tells of alarms and of the budget."
  value       = aws_sns_topic.alarms.arn
}
