"""Hosting: a model comes in, an endpoint answers invocations and captures them.

models             Create, Describe, List, Delete Model: an image, its data, its environment
endpoint_configs   the same for EndpointConfig: which model, and what to capture
endpoints          the same for Endpoint; which of them are there to be invoked
deployment         one endpoint: model in place, server kept alive, AWS's states
artifacts          model.tar.gz from S3 into the folder that the server sees as /opt/ml
supervisor         one model server: started, pinged, started again when it dies
invocation         InvokeEndpoint, straight to the model server
capture            what an invocation looks like in a capture file
spool              capture files on disk, then in S3
"""
