output "lake" {
  description = "What STANDINGS_LAKE is on each machine."
  value       = "s3://${aws_s3_bucket.lake.bucket}/${trimsuffix(var.prefix, "/")}"
}

output "policies" {
  description = "ARN of the policy for each kind of machine."
  value = {
    worker  = aws_iam_policy.worker.arn
    control = aws_iam_policy.control.arn
    reader  = aws_iam_policy.reader.arn
  }
}
