"""What operators see of the process: logs now; metrics and spans will live here."""
