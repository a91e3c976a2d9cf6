"""The documentation site: ``make docs`` writes static pages to build/docs, without a network.

Sphinx reads a copy of the pages (``site_pages``), to which the pages that are made of the code are added: the API
(``site_api``) and the objectives (``site_catalogue``). Nothing of that is kept in the repository.
"""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "_ext"), str(HERE.parent)]

import igm_jax  # noqa: E402

project = "igm_jax"
author = "The igm_jax authors"
copyright = author
version = release = igm_jax.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "site_pages",
    "site_docstrings",
]
root_doc = "index"
nitpicky = False
suppress_warnings = [
    "myst.header",  # reports that commands write begin at any level
    "toc.empty_glob",
]

myst_enable_extensions = ["colon_fence", "attrs_inline"]
myst_heading_anchors = 4
# Links stay what they are in the repository: other schemes than these are paths.
myst_url_schemes = ["http", "https", "mailto"]

autodoc_typehints = "none"  # names and defaults: types stand in words under Args
autodoc_preserve_defaults = True
autodoc_member_order = "bysource"
autodoc_class_signature = "mixed"
napoleon_numpy_docstring = False
napoleon_use_param = False
napoleon_use_rtype = False
napoleon_attr_annotations = False
napoleon_custom_sections = ["Source"]
python_maximum_signature_line_length = 100
add_module_names = False
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_title = "igm_jax"
html_static_path = [str(HERE / "_static")]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_show_sphinx = False
pygments_style = "friendly"
pygments_dark_style = "monokai"
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
