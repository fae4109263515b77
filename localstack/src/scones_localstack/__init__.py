"""What runs beside and inside LocalStack: a SageMaker service and a Docker-free Lambda executor.

What flows in is an ordinary LocalStack; what flows out is one that keeps S3, runs Lambda functions
as processes, answers for SageMaker and listens on loopback unless told otherwise::

    __main__      the command line
    settings      what the command line said, checked
    environment   LocalStack's own configuration derived from it, and nothing of the caller's
    process       the life of the LocalStack process: lock, patches, start, bounded stop
    loopback      the socket LocalStack listens on
    readiness     GET /_scones/ready
    executor/     Lambda functions as processes
    journal/      S3 on disk, so that a restart forgets nothing
    forwarding    SageMaker calls on their way to the service
    patches/      LocalStack's slow spots, one module each
    sagemaker/    the SageMaker service, a process of its own

LocalStack finds the parts through the entry points in this distribution's pyproject.toml.
"""
