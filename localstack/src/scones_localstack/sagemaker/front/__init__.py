"""The HTTP front: requests in AWS's wire forms come in, checked parameters go on to a service.

server      the socket, the routes, one error form for all that goes wrong
control     the control plane: AWS JSON 1.1, one POST, the operation in X-Amz-Target
runtime     the runtime: REST, POST /endpoints/{name}/invocations
model       botocore's description of both APIs
validation  the checks AWS's servers make, in AWS's words
patterns    AWS's (Java) regular expressions as Python's
wire        request ids, the region of a signature, answers and errors
"""
