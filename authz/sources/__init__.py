"""What comes from outside at start: files of the world's folder, and keys."""
