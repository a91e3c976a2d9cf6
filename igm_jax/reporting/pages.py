"""One self-contained HTML page from a template: every text is escaped, and nothing is loaded from anywhere.

It needs the extra ``report``: ``pip install "igm-jax[report]"``.
"""

import base64
from typing import Any

from igm_jax.extras import unusable

try:
    import jinja2
    from markupsafe import Markup
except Exception as error:
    raise unusable("the report", "jinja2", error, "report") from error

_INSIDE = {"css": "report.css", "js": "player.js"}


def rendered(template: str, **values: Any) -> str:
    """A template of this package with values in it; ``css`` and ``js`` are the pages' own.

    Args:
        template: its file's name.
        values: what it names.

    Returns:
        The page.
    """
    loader = jinja2.PackageLoader("igm_jax.reporting", "templates")
    environment = jinja2.Environment(
        loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters["data_uri"] = data_uri
    ours = {name: Markup(loader.get_source(environment, file)[0]) for name, file in _INSIDE.items()}
    return environment.get_template(template).render(**values, **ours)


def data_uri(png: bytes) -> str:
    """A PNG as an address that holds it.

    Args:
        png: the file's bytes.

    Returns:
        The address.

    Example:
        >>> from igm_jax.reporting.pages import data_uri
        >>> data_uri(b"abc")
        'data:image/png;base64,YWJj'
    """
    return "data:image/png;base64," + base64.b64encode(png).decode()
