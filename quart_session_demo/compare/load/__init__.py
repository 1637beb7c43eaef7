"""Compare the speed of sync Flask and async Quart under the same load."""
