"""The network on torch alone."""
