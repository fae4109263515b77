"""Measures of a captured image: its size, and how bright, contrasty, sharp and colourful it is.

All but the size are measured on the whole image at its own size, up to 512 pixels a side; a larger
one is shrunk first, so that a twelve-megapixel photo takes milliseconds.
"""

import numpy as np
from PIL import Image

from scones.monitor.images import decode

_MEASURED_SIDE = 512
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601, as JPEG uses it


def measure(body: bytes | None) -> dict[str, int | float] | None:
    """Measure an image.

    Args:
        body: A captured request body.

    Returns:
        None where the body is not an image. Otherwise

        - `width`, `height`: in pixels;
        - `brightness`: mean luma, 0 (black) to 1 (white);
        - `contrast`: standard deviation of luma, 0 to 0.5;
        - `sharpness`: standard deviation of luma's Laplacian, of which a blur leaves little
          (J. L. Pech-Pacheco and others 2000);
        - `colourfulness`: M of D. Hasler and S. Süsstrunk 2003, on channels from 0 to 1;
        - `red`, `green`, `blue`: means of the channels, 0 to 1.
    """
    picture = decode(body)
    if picture is None:
        return None
    width, height = picture.size
    picture.thumbnail((_MEASURED_SIDE, _MEASURED_SIDE), Image.Resampling.BOX)
    pixels = np.asarray(picture, dtype=np.float32) / 255
    luma = pixels @ _LUMA
    red, green, blue = pixels.reshape(-1, 3).mean(axis=0).tolist()
    return {
        "width": width,
        "height": height,
        "brightness": float(luma.mean()),
        "contrast": float(luma.std()),
        "sharpness": _sharpness(luma),
        "colourfulness": _colourfulness(pixels),
        "red": red,
        "green": green,
        "blue": blue,
    }


def _sharpness(luma: np.ndarray) -> float:
    if min(luma.shape) < 3:
        return 0.0
    around = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:]
    return float((around - 4 * luma[1:-1, 1:-1]).std())


def _colourfulness(pixels: np.ndarray) -> float:
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    red_green, yellow_blue = red - green, (red + green) / 2 - blue
    spread = np.hypot(red_green.std(), yellow_blue.std())
    middle = np.hypot(red_green.mean(), yellow_blue.mean())
    return float(spread + 0.3 * middle)
