"""What the comparisons share: servers, clients, steps files and the terminal."""
