"""Who says who the demo's users are: its own small issuer, or a real OpenID provider."""
