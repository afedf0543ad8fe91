"""`make test-crash`: what the decision log promises at level `written`, by killing the gate."""
