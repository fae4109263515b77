"""The page that reports stand on: one HTML file that needs nothing else."""

import base64
from pathlib import Path

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined


def page_templates(package: str) -> Environment:
    """Return the templates of a package, which extend `page.html.j2`."""
    loaders = [PackageLoader(package, "templates"), PackageLoader("scones.drawing", "templates")]
    environment = Environment(
        loader=ChoiceLoader(loaders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": _percent, "embedded": _embedded}
    return environment


def put_page(html: Path, text: str) -> None:
    """Write a page; one that is there is replaced at once, never half.

    Raises:
        OSError: It cannot be written.
    """
    part = html.with_suffix(".html.part")
    part.write_text(text)
    part.replace(html)


def data_uri(png: bytes) -> str:
    """Return a picture as a URI that holds it."""
    return "data:image/png;base64," + base64.b64encode(png).decode()


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def _embedded(file: Path) -> str:
    return data_uri(file.read_bytes())
