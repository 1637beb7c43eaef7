"""What the port reports and leaves to a person, one kind of finding in each module."""
