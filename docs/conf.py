"""How the documentation is built: `make docs`, with Sphinx."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.pycode import ModuleAnalyzer

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
# A page shows what a door's __all__ has, wherever that is defined.
autodoc_default_options = {"imported-members": True}
autodoc_preserve_defaults = True
# Types that signatures call by their names.
autodoc_type_aliases = {
    "AppLike": "beamish.otp.application.AppLike",
    "Caller": "beamish.otp.gen_server.Caller",
    "ChildLike": "beamish.otp.child.ChildLike",
    "Dest": "beamish.otp.Dest",
    "HandlerId": "beamish.otp.gen_event.HandlerId",
    "Name": "beamish.otp.Name",
}
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
    if what == "data":
        lines[:] = data_docstring(name)
    lines[:] = list_results(lines)


def skip_fields(
    app: Sphinx, what: str, name: str, obj: object, skip: bool, options: object
) -> bool | None:
    """Skips what a namedtuple says of its fields: their class tells more."""
    says = getattr(obj, "__doc__", None) or ""
    return True if says.startswith("Alias for field number") else None


def short_signature(
    app: Sphinx,
    what: str,
    name: str,
    obj: object,
    options: object,
    args: str | None,
    result: str | None,
) -> tuple[str, str] | None:
    """Shows the names of types without their modules."""
    return (short(args), short(result or "")) if args else None


def short_fields(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """The same for the types of attributes."""
    lines[:] = [short(line) if line.startswith(":vartype ") else line for line in lines]


def short(text: str) -> str:
    """Types with a ``~``, which Sphinx shows by the last part of their names."""
    return re.sub(r"(?:TypeAliasForwardRef\(')?~?(beamish\.[\w.]+)(?:'\))?", r"~\1", text)


def short_parameters(app: Sphinx, doctree: nodes.document) -> None:
    """The same where Sphinx cannot parse a signature (that of a ParamSpec, say)."""
    for parameter in list(doctree.findall(addnodes.desc_parameter)):
        for text in list(parameter.findall(nodes.Text)):
            text.parent.replace(text, nodes.Text(re.sub(r"~(?:\w+\.)*", "", text)))


def data_docstring(full_name: str) -> list[str]:
    """The docstring below an assignment, in the module from which a door imports the name.

    autodoc looks for it in the door alone.
    """
    module, _, name = full_name.rpartition(".")
    while module.startswith("beamish"):
        documented = ModuleAnalyzer.for_module(module).find_attr_docs()
        if ("", name) in documented:
            return documented["", name]
        module = home_of(name, module)
    return []


def home_of(name: str, module: str) -> str:
    """The module from which another imports a name; empty if it does not."""
    for node in ast.walk(ast.parse(ModuleAnalyzer.for_module(module).code)):
        if not isinstance(node, ast.ImportFrom) or node.module is None:
            continue  # `from . import process` is no data
        if name in (alias.name for alias in node.names):
            package = getattr(importlib.import_module(module), "__package__", "")
            return importlib.util.resolve_name("." * node.level + node.module, package)
    return ""


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
    app.connect("autodoc-process-docstring", short_fields, priority=900)  # behind it
    app.connect("autodoc-process-signature", short_signature)
    app.connect("autodoc-skip-member", skip_fields)
    app.connect("doctree-read", short_parameters)
