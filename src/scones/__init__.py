"""Build, test and operate an AWS machine-learning workflow offline, then deploy it unchanged."""
