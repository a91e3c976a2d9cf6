import base64

import jinja2
import pytest

from igm_jax.reporting.pages import data_uri, rendered


def test_an_address_holds_the_picture():
    head, _, tail = data_uri(b"\x89PNG").partition(",")
    assert (head, base64.b64decode(tail)) == ("data:image/png;base64", b"\x89PNG")


def test_a_value_that_is_missing_is_an_error():
    with pytest.raises(jinja2.UndefinedError):
        rendered("run.html.jinja")
