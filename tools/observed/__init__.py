"""Checks dashboard and alerts against what a running gate shows."""
