"""The languages that are known: their grammars, and which of a grammar's nodes define and use names.

In a query the node that is captured by a kind ("class", "function", "type", "module") is a definition, `name` is its name, and
`owner` the type that a method belongs to where that is said outside of it. What is captured as "owns" only owns what is in it.
"""

from __future__ import annotations

from pathlib import PurePosixPath

import msgspec

_PYTHON = """
(class_definition name: (_) @name) @class
(function_definition name: (_) @name) @function
"""
_JAVASCRIPT = """
(class_declaration name: (_) @name) @class
(function_declaration name: (_) @name) @function
(generator_function_declaration name: (_) @name) @function
(method_definition name: (_) @name) @function
(variable_declarator name: (identifier) @name value: [(arrow_function) (function_expression)]) @function
(assignment_expression left: (member_expression property: (_) @name) right: [(arrow_function) (function_expression)]) @function
"""
_TYPESCRIPT = f"""{_JAVASCRIPT}
(abstract_class_declaration name: (_) @name) @class
(interface_declaration name: (_) @name) @type
(type_alias_declaration name: (_) @name) @type
(enum_declaration name: (_) @name) @type
(internal_module name: (_) @name) @module
(function_signature name: (_) @name) @function
(method_signature name: (_) @name) @function
(abstract_method_signature name: (_) @name) @function
"""
_GO = """
(function_declaration name: (_) @name) @function
(method_declaration
  receiver: (parameter_list (parameter_declaration type: [
    (type_identifier) @owner (pointer_type (type_identifier) @owner)
    (generic_type type: (_) @owner) (pointer_type (generic_type type: (_) @owner))]))
  name: (_) @name) @function
(type_spec name: (_) @name) @type
(type_alias name: (_) @name) @type
"""
_RUST = """
(function_item name: (_) @name) @function
(function_signature_item name: (_) @name) @function
(struct_item name: (_) @name) @type
(enum_item name: (_) @name) @type
(union_item name: (_) @name) @type
(type_item name: (_) @name) @type
(trait_item name: (_) @name) @class
(mod_item name: (_) @name) @module
(macro_definition name: (_) @name) @function
(impl_item type: [(type_identifier) @name (generic_type type: (_) @name)]) @owns
"""
_C = """
(function_definition declarator: (function_declarator declarator: (identifier) @name)) @function
(function_definition declarator: (pointer_declarator (function_declarator declarator: (identifier) @name))) @function
(struct_specifier name: (_) @name body: (_)) @type
(union_specifier name: (_) @name body: (_)) @type
(enum_specifier name: (_) @name body: (_)) @type
(type_definition declarator: (type_identifier) @name) @type
"""
_CPP = f"""{_C}
(function_definition declarator: (reference_declarator (function_declarator declarator: (identifier) @name))) @function
(function_definition declarator: (function_declarator declarator: (field_identifier) @name)) @function
(function_definition declarator: (function_declarator
  declarator: (qualified_identifier scope: (_) @owner name: (_) @name))) @function
(class_specifier name: (_) @name body: (_)) @class
(namespace_definition name: (_) @name) @module
"""
_JAVA = """
(class_declaration name: (_) @name) @class
(record_declaration name: (_) @name) @class
(interface_declaration name: (_) @name) @class
(enum_declaration name: (_) @name) @type
(annotation_type_declaration name: (_) @name) @type
(method_declaration name: (_) @name) @function
(constructor_declaration name: (_) @name) @function
"""
_RUBY = """
(class name: (_) @name) @class
(module name: (_) @name) @module
(method name: (_) @name) @function
(singleton_method name: (_) @name) @function
"""
_BASH = "(function_definition name: (_) @name) @function"

_JS_NAMES = "[(identifier) (property_identifier) (shorthand_property_identifier)] @use"
_TS_NAMES = "[(identifier) (property_identifier) (shorthand_property_identifier) (type_identifier)] @use"
_C_NAMES = "[(identifier) (field_identifier) (type_identifier)] @use"


class Language(msgspec.Struct, frozen=True):
    """A grammar: the module that holds it and the function there that returns it. Without queries it only tells what parses."""

    module: str
    function: str = "language"
    definitions: str = ""
    uses: str = "(identifier) @use"


_BY_SUFFIX = {
    suffix: language
    for suffixes, language in (
        ("py pyi", Language("tree_sitter_python", definitions=_PYTHON)),
        ("js jsx mjs cjs", Language("tree_sitter_javascript", definitions=_JAVASCRIPT, uses=_JS_NAMES)),
        ("ts mts cts", Language("tree_sitter_typescript", "language_typescript", _TYPESCRIPT, _TS_NAMES)),
        ("tsx", Language("tree_sitter_typescript", "language_tsx", _TYPESCRIPT, _TS_NAMES)),
        ("go", Language("tree_sitter_go", definitions=_GO, uses=_C_NAMES)),
        ("rs", Language("tree_sitter_rust", definitions=_RUST, uses=_C_NAMES)),
        ("c", Language("tree_sitter_c", definitions=_C, uses=_C_NAMES)),
        ("h cc cpp cxx hh hpp hxx", Language("tree_sitter_cpp", definitions=_CPP, uses=_C_NAMES)),
        ("java", Language("tree_sitter_java", definitions=_JAVA, uses="[(identifier) (type_identifier)] @use")),
        ("rb", Language("tree_sitter_ruby", definitions=_RUBY, uses="[(identifier) (constant)] @use")),
        ("sh bash", Language("tree_sitter_bash", definitions=_BASH, uses="(command_name (word) @use)")),
        ("yaml yml", Language("tree_sitter_yaml")),
        ("css", Language("tree_sitter_css")),
        ("html htm", Language("tree_sitter_html")),
    )
    for suffix in suffixes.split()
}


def of(path: str) -> Language | None:
    """The language of a file by its name's end; None where it is not known."""
    return _BY_SUFFIX.get(PurePosixPath(path).suffix[1:].lower())
