"""How the documentation is built: `make docs`, with Sphinx."""

project = "beamish"
author = "the beamish authors"
copyright = author

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
root_doc = "index"

# A heading is a target: [](page.md#a-heading). One that is not there is a warning, and so an error.
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]
nitpicky = True

html_theme = "furo"
html_title = "beamish"
html_copy_source = False
html_show_sphinx = False
