"""The apps that call an HTTP service for each request, and the service."""
