"""What a notebook needs beside `scones.steps`: pictures in its cells, and a place to open it in.

    PNG files, images, a job's log ──pictures, epochs──▶ Picture, which Jupyter shows by itself
    walkthrough.ipynb ──workspace──▶ a person's folder ──server──▶ JupyterLab on loopback
                                                         kernel ──▶ boto3's default session

Nothing here imports Jupyter: a Picture says what it is by `_repr_mimebundle_`, the server is a
program that is started, and the kernel's extension is loaded by the kernel.
"""

from scones.notebook.epochs import Epoch, read_epochs
from scones.notebook.pictures import Picture, grid, learning_curves, plots, samples, show

__all__ = [
    "Epoch",
    "Picture",
    "grid",
    "learning_curves",
    "plots",
    "read_epochs",
    "samples",
    "show",
]
