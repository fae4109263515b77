"""Which parts of a picture an endpoint's answer rests on.

photo ──▶ upright, at most 256 pixels a side ──▶ covered in one place after another
    ──▶ endpoint, each ──▶ how far the probability falls ──▶ heat map ──▶ PNG files and a page

Nothing is asked of the model but answers, so it works for any classifier behind any endpoint.
Source: Zeiler and Fergus 2014, "Visualizing and Understanding Convolutional Networks".
"""

from scones.explain.asking import Endpoint
from scones.explain.occlusion import Explanation, explain, request_count
from scones.explain.page import write_page
from scones.explain.photo import Photo, read_photo

__all__ = [
    "Endpoint",
    "Explanation",
    "Photo",
    "explain",
    "read_photo",
    "request_count",
    "write_page",
]
