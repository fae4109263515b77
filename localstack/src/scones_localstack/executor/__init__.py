"""Lambda functions as processes: no Docker, AWS's own runtime client, AWS's logs and errors.

What flows in is a function version and its invocations, from LocalStack's Lambda provider; what
flows out is the answer, with the log lines of CloudWatch. On the way::

    provider       refuses at CreateFunction what cannot run here
    plugin         LocalStack's RuntimeExecutor: threads outside, one event loop inside
    interpreters   which Python runs python3.12, and the packages AWS's runtime brings
    layers         the layers of a version, merged into one /opt
    launch         command line, environment variables, folders and user of one process
    confine.py     (a script, as root) drops to an unprivileged user and executes what follows
    bootstrap.py   (a script, in the function's Python) sets the import path, runs awslambdaric
    instance       one such process: start, log pipe, exit, kill
    runtime_api    the Lambda Runtime API it talks to, on a loopback port of its own
    environment    one execution environment: instances one after the other, timeouts, REPORT
    report         log lines and error documents in AWS's words
    registry       which processes run, on disk, so that the next start can end what was left
"""
