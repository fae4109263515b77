"""The notebook and its workspace."""
