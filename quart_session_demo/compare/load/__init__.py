"""The same work under load on sync Flask and async Quart: who is faster, when, at what cost."""
