"""What several suites share: cases as data, keys by name, a running gate, a real Envoy."""
