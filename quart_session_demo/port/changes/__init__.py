"""What the port changes, one kind of change in each module."""
