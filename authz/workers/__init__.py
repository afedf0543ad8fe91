"""Several processes that serve one world side by side, and the one that looks after them."""
