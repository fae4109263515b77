"""Algorithms for SageMaker containers: `train` and `serve` under the container contract.

An algorithm is a sub-package, started as `python -m scones_algorithms.<algorithm> train|serve`.
What every algorithm shares lies here, in the order in which a job meets it:

    threads       how many cores the process may use, decided before MXNet is imported
    mxnet_start   imports MXNet, repeatable and quiet
    container     where the contract puts configuration, channels, the model and the failure file
    declaration   hyperparameters declared as data, read and checked all at once
    onnx_export   an MXNet network in, an ONNX model out
    images        bytes of a photo in, upright RGB pixels out
    stop_request  SIGTERM as a value that a loop can look at
    training_job  runs a training function: failure file, exit code
    distributed   one training on several hosts: a worker each, parameter servers between them
    hosting       runs a model server: port, readiness, exit code
    model_server  HTTP front of a model: /ping, /invocations and /metrics
    micro_batches what arrives while a prediction runs is predicted together
"""
