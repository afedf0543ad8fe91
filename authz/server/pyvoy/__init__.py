"""The second gRPC front: Envoy's HTTP/2 stack with this program inside it, by way of `pyvoy`."""
