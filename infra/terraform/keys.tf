# Three policies, each for who needs no more: attach them to the roles of your machines or service accounts. No access
# keys are made here, so none can leak from a state file.

locals {
  lake      = "${aws_s3_bucket.lake.arn}/${var.prefix}"
  published = ["${local.lake}latest.json", "${local.lake}snapshots/*"]
}

data "aws_iam_policy_document" "list" {
  statement {
    sid       = "ListLake"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.lake.arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["${var.prefix}*"]
    }
  }
}

# A worker reads the facts that it plans with, and may add a run. It can change or delete nothing that is there: its
# keys are on rented machines.
data "aws_iam_policy_document" "worker" {
  source_policy_documents = [data.aws_iam_policy_document.list.json]

  statement {
    sid       = "ReadFacts"
    actions   = ["s3:GetObject"]
    resources = ["${local.lake}inbox/*", "${local.lake}admissions/*", "${local.lake}facts/*", "${local.lake}compacted/*", "${local.lake}probe/*"]
  }

  statement {
    sid       = "AddRuns"
    actions   = ["s3:PutObject"]
    resources = ["${local.lake}inbox/*"]

    # Only a write that refuses to replace: a worker cannot overwrite another's run, by mistake or with intent.
    condition {
      test     = "Null"
      variable = "s3:if-none-match"
      values   = ["false"]
    }
  }

  # The probe's second question: a condition that must not hold.
  statement {
    sid       = "Probe"
    actions   = ["s3:PutObject"]
    resources = ["${local.lake}probe/*"]
  }
}

# The control plane plans, admits, compacts and publishes.
data "aws_iam_policy_document" "control" {
  source_policy_documents = [data.aws_iam_policy_document.list.json]

  statement {
    sid       = "ReadAndWriteLake"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"]
    resources = ["${local.lake}*"]
  }

  # The log, the appended facts and what was set aside are for ever.
  statement {
    sid       = "DeleteWhatIsSuperseded"
    actions   = ["s3:DeleteObject"]
    resources = ["${local.lake}inbox/*", "${local.lake}compacted/*", "${local.lake}snapshots/*"]
  }
}

data "aws_iam_policy_document" "reader" {
  statement {
    sid       = "ReadSnapshots"
    actions   = ["s3:GetObject"]
    resources = local.published
  }
}

resource "aws_iam_policy" "worker" {
  name_prefix = "standings-worker-"
  description = "Read the facts of the lake ${var.bucket} and add runs."
  policy      = data.aws_iam_policy_document.worker.json
}

resource "aws_iam_policy" "control" {
  name_prefix = "standings-control-"
  description = "Admit, compact and publish in the lake ${var.bucket}."
  policy      = data.aws_iam_policy_document.control.json
}

resource "aws_iam_policy" "reader" {
  name_prefix = "standings-reader-"
  description = "Read what the lake ${var.bucket} has published."
  policy      = data.aws_iam_policy_document.reader.json
}
