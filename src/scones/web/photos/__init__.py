"""Photos: uploaded, looked at by the API, shown, and remembered."""
