"""What a decision costs, counted and not timed: a guard against getting dearer unseen."""
