"""What the comparisons share: servers, a client, steps files and the terminal."""
