"""What reaches a reader by HTTP? The page, and the service that takes webhooks and read-only SQL."""
