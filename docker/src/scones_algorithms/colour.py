"""Random changes to the colours of training images, a whole batch at once."""

import numpy as np

from scones_algorithms.preprocess import Floats

LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32).reshape(1, 3, 1, 1)


def jitter(batch: Floats, strength: float, rng: np.random.Generator) -> Floats:
    """Scale brightness, saturation and contrast of each image by factors of 1 ± strength."""
    low, high = 1 - strength, 1 + strength
    brightness, saturation, contrast = rng.uniform(low, high, (3, len(batch), 1, 1, 1)).astype(
        np.float32
    )
    batch = batch * brightness
    grey = (batch * LUMA).sum(axis=1, keepdims=True)
    mean = grey.mean(axis=(2, 3), keepdims=True)
    batch = grey + (batch - grey) * saturation
    jittered: Floats = np.clip(mean + (batch - mean) * contrast, 0, 255)
    return jittered
