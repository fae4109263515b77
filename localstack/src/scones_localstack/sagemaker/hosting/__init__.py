"""Hosting: a model comes in, an endpoint answers invocations and captures them.

Operations
    models             Create, Describe, List, Delete Model: an image, its data, its environment
    endpoint_configs   the same for EndpointConfig: which models, and what to capture
    endpoints          the same for Endpoint; which of them are there to be invoked
    updates            UpdateEndpoint, UpdateEndpointWeightsAndCapacities
    fields             what becomes of each member of these requests

An endpoint, from the outside to the inside
    plans, planning    what its record says it is to be
    description        what DescribeEndpoint says it is
    deployment         its states, and what leads from one to the next
    rollout            how traffic moves in an update
    fleet              the variants of one configuration, chosen from by weight
    variant            one model in place, its servers and its captures
    artifacts          model.tar.gz from S3 into the folder that the server sees as /opt/ml
    instance           one server as invocations see it
    supervisor         started, pinged, started again when it dies

Invocations
    invocation         InvokeEndpoint, straight to a model server
    streaming          InvokeEndpointWithResponseStream
    asynchronous       InvokeEndpointAsync: a queue in files, answers in S3
    metrics            counts and latencies, to CloudWatch
    capture            what an invocation looks like in a capture file
    spool              capture files on disk, then in S3
"""
