variable "bucket" {
  description = "Name of the bucket that holds the lake: facts, snapshots, the pointer."
  type        = string
}

variable "prefix" {
  description = "Folder of the lake in the bucket, with its slash; empty for the whole bucket. As in STANDINGS_LAKE=s3://BUCKET/PREFIX."
  type        = string
  default     = ""

  validation {
    condition     = var.prefix == "" || endswith(var.prefix, "/")
    error_message = "The prefix ends with a slash."
  }
}

variable "keep_versions_days" {
  description = "Days that an overwritten pointer or a deleted object can still be brought back."
  type        = number
  default     = 90

  validation {
    condition     = var.keep_versions_days >= 8
    error_message = "An orphan waits 7 days in the inbox, and a lost one must outlive its discovery."
  }
}

variable "public_snapshots" {
  description = "Let everybody read snapshots and the pointer; facts stay private either way."
  type        = bool
  default     = false
}
