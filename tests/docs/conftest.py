"""The site's own modules, which Sphinx imports by their short names, for the tests to import."""

import sys

from tests.sources import ROOT

sys.path.append(str(ROOT / "docs" / "_ext"))
