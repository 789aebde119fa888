"""How the documentation is built: `make docs`, with Sphinx."""

from __future__ import annotations

from sphinx.application import Sphinx

project = "beamish"
author = "the beamish authors"
copyright = author

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
root_doc = "index"

# A heading is a target: [](page.md#a-heading). One that is not there is a warning, and so an error.
myst_heading_anchors = 3
nitpicky = True
# Several values have an attribute of one name ("more than one target found").
suppress_warnings = ["ref.python"]
# Types in signatures: those of the standard library have no page here.
nitpick_ignore_regex = [("py:(class|data|exc|obj|attr)", ".*")]

# Docstrings: what stands between single backticks is code; the reasons that a caller may die of.
default_role = "code"
napoleon_custom_sections = [("Exits", "returns_style"), "May return"]
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
# An attribute that is described in its class and annotated there is one, not two.
napoleon_use_ivar = True

html_theme = "furo"
html_title = "beamish"
html_copy_source = False
html_show_sphinx = False


def prepare(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Fits a docstring to a page."""
    if what == "module":
        lines.clear()  # it says for the editor what a page of the reference says here
    else:
        lines[:] = list_results(lines)


def list_results(lines: list[str]) -> list[str]:
    """Makes a list of what a callback may return: lines that begin with code and a colon."""
    begin = next((n for n, line in enumerate(lines, 1) if line == "Returns:"), len(lines))
    end = next((n for n in range(begin, len(lines)) if not lines[n].strip()), len(lines))
    section = lines[begin:end]
    if sum(line.startswith("    ``") and "``:" in line for line in section) < 2:
        return lines
    listed = [
        f"      {line.strip()}" if line.startswith("     ") else f"    - {line.strip()}"
        for line in section
    ]
    return [*lines[: begin - 1], "May return:", *listed, *lines[end:]]


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", prepare, priority=100)  # before napoleon
