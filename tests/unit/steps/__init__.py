"""Steps one by one, where the cases do not reach every corner."""
