"""Image classification as SageMaker's built-in algorithm does it, on a CPU.

Training, from the container contract to model.tar.gz:

    hyperparameters.json ──contract──▶ Job ──recipe──▶ Recipe ─────────────┐
    channels + .lst ──dataset──▶ one uint8 array ──augment──▶ batches ──training──▶ artifact
                                                         network ──────────┘   (calibration)

Serving, from one request to probabilities in class order:

    bytes ──images──▶ RGB ──preprocess──▶ array ──networks──▶ probabilities ──serve──▶ JSON
                                                  (onnx_network, else mxnet_network)

`preprocess` is shared: a model sees an image in serving exactly as it saw it in training.
Source: docs.aws.amazon.com/sagemaker/latest/dg/image-classification.html
"""
