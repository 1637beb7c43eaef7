"""What every comparison needs: servers, a client, steps, the terminal."""
