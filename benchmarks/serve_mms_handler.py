"""multi-model-server's handler for a model of ours: MXNet's way, with our way to read an image."""

import glob
import io
import json
import os

import mxnet as mx
import numpy as np
from PIL import Image


class Classifier:
    """The model in one worker."""

    def __init__(self) -> None:
        self.ready = False

    def load(self, folder: str) -> None:
        with open(os.path.join(folder, "model-metadata.json"), encoding="utf-8") as file:
            about = json.load(file)
        (weights,) = glob.glob(os.path.join(folder, "*.params"))
        prefix, _, epoch = weights.removesuffix(".params").rpartition("-")
        symbol, arguments, auxiliary = mx.model.load_checkpoint(prefix, int(epoch))
        self.shape = tuple(about["image_shape"])
        self.mean, self.std = (
            np.array(about["normalization"][name], dtype=np.float32).reshape(1, 3, 1, 1)
            for name in ("mean", "std")
        )
        self.module = mx.mod.Module(symbol, label_names=None)
        self.module.bind([("data", (1, *self.shape))], for_training=False)
        self.module.set_params(arguments, auxiliary, allow_extra=True)
        self.ready = True

    def predict(self, content: bytes) -> str:
        image = Image.open(io.BytesIO(content)).convert("RGB")
        if image.size != self.shape[:0:-1]:
            image = image.resize(self.shape[:0:-1], Image.Resampling.BICUBIC)
        batch = np.asarray(image, dtype=np.float32).transpose(2, 0, 1)[np.newaxis]
        data = mx.nd.array((batch - self.mean) / self.std)
        self.module.forward(mx.io.DataBatch([data]), is_train=False)
        return json.dumps(self.module.get_outputs()[0].asnumpy()[0].tolist())


CLASSIFIER = Classifier()


def handle(data, context):  # as multi-model-server calls it
    if not CLASSIFIER.ready:
        CLASSIFIER.load(context.system_properties.get("model_dir"))
    if data is None:
        return None
    return [CLASSIFIER.predict(bytes(row.get("body") or row.get("data"))) for row in data]
