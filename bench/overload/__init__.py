"""What becomes of twice as many calls as a gate can answer."""
