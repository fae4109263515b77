"""Object detection as SageMaker's built-in algorithm does it: GluonCV's SSD, on a CPU.

Training, from the container contract to model.tar.gz:

    hyperparameters.json ──contract──▶ Job ──recipe──▶ Recipe ──────────────┐
    channels ──entries, annotations──▶ images + boxes ──augment──▶ batches ──training──▶ artifact
                                                          network ──────────┘  (scoring: mAP)

Serving, from one request to boxes in the photo:

    bytes ──images──▶ RGB ──preprocess──▶ array ──predictor──▶ scored boxes ──serve──▶ JSON

Boxes are shares of the upright photo's width and height everywhere inside; a photo is stretched to
the network's square, so that they mean the same before and after. Pixels occur in annotation files
and in the answer that asks for them.

Source: docs.aws.amazon.com/sagemaker/latest/dg/object-detection.html and Liu et al. 2016, "SSD:
Single Shot MultiBox Detector".
"""
