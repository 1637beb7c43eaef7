"""The load generator: a process that sends the requests of a scenario's users."""
