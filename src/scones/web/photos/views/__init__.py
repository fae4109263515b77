"""The pages: each view reads the request, asks, and answers."""
