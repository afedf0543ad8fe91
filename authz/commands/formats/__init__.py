"""Forms in which programs are told of mistakes; each is pure text made of pure data."""
