"""Sessions that are stored on a server."""
