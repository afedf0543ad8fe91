"""What the project does to itself: generated files, and rules that no linter knows."""
