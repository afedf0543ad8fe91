"""What our own work costs, in this process alone: no transport, no generator beside it."""
