# This is one enriched data set for Terraform, on the zips of a release (`just dist`): a stream, the consumer, a bucket for what it
# writes, and a bucket for what is given up. template.yaml also has producers, deliveries, alarms and a dashboard.

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.80"
    }
  }
}

variable "data_set" {
  description = "The name of the data set and of its schema."
  type        = string
  default     = "tweets"
}

variable "release" {
  description = "The folder of a release for one architecture, which has consumer.zip."
  type        = string
  default     = "../../target/dist/arm64"
}

variable "architecture" {
  description = "The processors of the function, which are those of the release."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "The architecture is arm64 or x86_64."
  }
}

variable "shards" {
  description = "The number of shards of the stream."
  type        = number
  default     = 1
}

variable "retention_hours" {
  description = "How many hours the stream keeps a record. A record is tried for three quarters of them."
  type        = number
  default     = 48
}

data "aws_caller_identity" "own" {}

locals {
  s3_of_this_account = { StringEquals = { "s3:ResourceAccount" = data.aws_caller_identity.own.account_id } }
}

resource "aws_kinesis_stream" "records" {
  name             = "kinflow-${var.data_set}"
  shard_count      = var.shards
  retention_period = var.retention_hours
  encryption_type  = "KMS"
  kms_key_id       = "alias/aws/kinesis"

  lifecycle {
    prevent_destroy = true # Its records would go with it.
  }
}

resource "aws_s3_bucket" "results" {
  bucket_prefix = "kinflow-results-"

  lifecycle {
    prevent_destroy = true
  }
}

# It is another bucket than that of the results, so that a batch has a place if that one fails.
resource "aws_s3_bucket" "given_up" {
  bucket_prefix = "kinflow-given-up-"

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_public_access_block" "closed" {
  for_each                = { results = aws_s3_bucket.results.id, given_up = aws_s3_bucket.given_up.id }
  bucket                  = each.value
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_policy" "tls_only" {
  for_each = { results = aws_s3_bucket.results, given_up = aws_s3_bucket.given_up }
  bucket   = each.value.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [each.value.arn, "${each.value.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}

resource "aws_cloudwatch_log_group" "consumer" {
  name_prefix       = "/kinflow/${var.data_set}-"
  retention_in_days = 30
}

resource "aws_iam_role" "consumer" {
  name_prefix = "kinflow-${var.data_set}-"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "lambda.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy" "consumer" {
  role = aws_iam_role.consumer.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.consumer.arn}:*"
      },
      {
        Effect   = "Allow"
        Action   = ["kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards"]
        Resource = aws_kinesis_stream.records.arn
      },
      {
        Effect = "Allow"
        Action = ["s3:GetObject", "s3:PutObject"]
        Resource = [
          "${aws_s3_bucket.results.arn}/enriched/${var.data_set}/*",
          "${aws_s3_bucket.results.arn}/quarantine/${var.data_set}/*",
          "${aws_s3_bucket.results.arn}/windows/${var.data_set}/*",
          "${aws_s3_bucket.results.arn}/state/chunks/${aws_kinesis_stream.records.name}/*",
          "${aws_s3_bucket.results.arn}/state/ledger/${aws_kinesis_stream.records.name}/*",
        ]
        Condition = local.s3_of_this_account
      },
      {
        Effect   = "Allow"
        Action   = "s3:ListBucket"
        Resource = aws_s3_bucket.results.arn
        Condition = merge(local.s3_of_this_account, {
          StringLike = {
            "s3:prefix" = [
              "enriched/${var.data_set}/*", "quarantine/${var.data_set}/*", "windows/${var.data_set}/*",
              "state/chunks/${aws_kinesis_stream.records.name}/*", "state/ledger/${aws_kinesis_stream.records.name}/*",
            ]
          }
        })
      },
      {
        Effect    = "Allow"
        Action    = "s3:PutObject"
        Resource  = "${aws_s3_bucket.given_up.arn}/aws/lambda/*"
        Condition = local.s3_of_this_account
      },
      {
        Effect    = "Allow"
        Action    = "s3:ListBucket"
        Resource  = aws_s3_bucket.given_up.arn
        Condition = local.s3_of_this_account
      },
    ]
  })
}

resource "aws_lambda_function" "consumer" {
  function_name    = "kinflow-${var.data_set}"
  role             = aws_iam_role.consumer.arn
  filename         = "${var.release}/consumer.zip"
  source_code_hash = filebase64sha256("${var.release}/consumer.zip")
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.architecture]
  memory_size      = 512
  timeout          = 60

  environment {
    variables = {
      SCHEMA        = var.data_set
      OUTPUT_BUCKET = aws_s3_bucket.results.id
    }
  }

  logging_config {
    log_format = "JSON"
    log_group  = aws_cloudwatch_log_group.consumer.name
  }
}

resource "aws_lambda_event_source_mapping" "records" {
  depends_on = [aws_iam_role_policy.consumer]

  event_source_arn                   = aws_kinesis_stream.records.arn
  function_name                      = aws_lambda_function.consumer.arn
  starting_position                  = "TRIM_HORIZON"
  batch_size                         = 1000
  maximum_batching_window_in_seconds = 5

  # Without these, one bad record blocks its shard until it expires.
  function_response_types        = ["ReportBatchItemFailures"]
  maximum_retry_attempts         = -1
  maximum_record_age_in_seconds  = var.retention_hours * 2700
  bisect_batch_on_function_error = true

  destination_config {
    on_failure {
      destination_arn = aws_s3_bucket.given_up.arn
    }
  }
}

output "stream_name" {
  description = "The stream that takes records."
  value       = aws_kinesis_stream.records.name
}

output "results" {
  description = "The bucket with what the consumer writes."
  value       = aws_s3_bucket.results.id
}
