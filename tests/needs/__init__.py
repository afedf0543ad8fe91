"""What a decision asks of others: keys that are fetched, opaque tokens, earlier challenges."""
