"""The filter language as values."""
