"""What runs beside and inside LocalStack: a SageMaker service and a Docker-free Lambda executor."""
