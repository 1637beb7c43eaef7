"""The pairs of apps that are compared, one folder each."""
