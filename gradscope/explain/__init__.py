"""Why this number: a moment, a loss or an update in words and as arithmetic."""
