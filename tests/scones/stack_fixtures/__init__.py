"""What the tests of functions, deployment and workflow share: events, images and an endpoint."""
