"""The pairs of apps that are compared, one scenario a folder."""
