"""Takes the walls out of a copy of the tree, one at a time; each time a test must turn red."""
