"""What the source means: names, what expressions are, and which functions must be async."""
