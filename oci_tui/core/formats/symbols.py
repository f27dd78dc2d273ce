"""The whole-symbol format: a Python block without a path that defines again what one file defines replaces it there.

Small models often leave the path out; the names they define say which file is meant.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Callable, Collection, Mapping, Sequence

from oci_tui.core.formats.whole_file import WriteFile
from oci_tui.core.syntax import parsed

_GOING = re.compile(r"\b(?:renam|remov|mov(?:e|es|ed|ing)\b|delet|drop|replac|get rid)", re.IGNORECASE)
_WORD = re.compile(r"\w+")
_DOCSTRING, _MAIN = '"""', "__main__"

# lines as Python counts them; str.splitlines knows more line ends
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def place(code: str, files: Mapping[str, str], prompt: str = "") -> WriteFile | None:
    """The edit a block means, `files` being the Python files it may mean; None when it is a program to run, or not clear."""
    code = textwrap.dedent(code)
    block = parsed(code)
    if block is None or not all(map(_declares, block.body)) or not (names := _names(block)):
        return None
    trees = {path: tree for path, text in files.items() if (tree := parsed(text)) is not None}
    shared = {path: len(names & _names(tree)) for path, tree in trees.items()}
    best = max(shared.values(), default=0)
    meant = [path for path, count in shared.items() if count == best]
    if best == 0:
        meant = [path for path, tree in trees.items() if _classes_of(block, tree)]
    if not meant:
        return _nested(code, block, files, trees)
    if len(meant) != 1:
        return None
    path = meant[0]
    if _is_whole(trees[path], block, prompt):
        return WriteFile(path, code)
    return WriteFile(path, merged(files[path], code, _gone(trees[path], block, prompt)))


def first_file(code: str, prompt: str) -> WriteFile | None:
    """The file that definitions mean where there is none yet: the one that the prompt names, or one named after the first."""
    code = textwrap.dedent(code)
    block = parsed(code)
    if block is None or not all(_declares(statement) and _key(statement) != _MAIN for statement in block.body):
        return None
    defined = next((statement.name for statement in block.body if isinstance(statement, _Definition)), "")
    named = re.search(r"[\w./-]*\w\.py\b", prompt)
    return WriteFile(named[0] if named else f"{defined.lower()}.py", code) if defined else None


def within(text: str, code: str, prompt: str, used: Callable[[str], bool] = lambda _: False) -> str:
    """What a file becomes when a block that names it holds `code`: that, or where it is only a part, the file with it in place.

    Definitions are dropped where the prompt speaks of them, or where as many new ones that it does not speak of come in a block
    of about the file's length and no other file has `used` them: what a weak model leaves out otherwise it has forgotten.
    """
    file, block = parsed(text), parsed(textwrap.dedent(code))
    if file is None or block is None or not block.body or not all(map(_declares, block.body)):
        return code
    held, told = _names(file), _names(block)
    forgotten, unasked = _unspoken(held - told, prompt), _unspoken(told - held, prompt)
    renamed = len(unasked) >= len(forgotten) and code.count("\n") >= 0.7 * text.count("\n") and not any(map(used, forgotten))
    frame, modules = _frame(file)
    around, named = _frame(block)
    framed = not frame | modules or frame & around or (modules & named and frame <= around)
    if framed and (not forgotten or renamed) and not _members_forgotten(file, block, prompt):
        return code
    return merged(text, textwrap.dedent(code), _gone(file, block, prompt)) if told else code


def merged(text: str, code: str, gone: Collection[str] = ()) -> str:
    """`text` with the definitions of `code` in place of its own of the same name; both are Python that parses.

    A block that defines all that the file does, and imports no less, is the whole file. Of a class that lacks members which the
    file's has, the members are merged; functions that are methods of one class of the file go there. Those in `gone` go; where
    one goes and one comes it takes that place.
    """
    file, block = ast.parse(text), ast.parse(code)
    if len(owners := _classes_of(block, file)) == 1:
        code = f"class {owners[0]}:\n{textwrap.indent(code, '    ')}"
        block = ast.parse(code)
    told = set(map(_key, block.body))
    if all(_key(statement) and _key(statement) in told for statement in file.body) and not _members_forgotten(file, block, ""):
        return code
    old = {_key(statement): statement for statement in file.body if _key(statement)}
    lines, new = _LINE.findall(text), _LINE.findall(code)
    coming: dict[str, list[ast.stmt]] = {}
    imports, added = "", list[str]()
    for statement in block.body:
        key, source = _key(statement), _source(new, statement)
        if key in old:
            coming.setdefault(key, []).append(statement)
        elif isinstance(statement, ast.Import | ast.ImportFrom):
            imports += source
        elif key:
            added.append(source)
    replacing = {key: _in_place_of(old[key], lines, statements, new) for key, statements in coming.items()}
    if len(gone) == len(added) == 1:
        replacing[next(iter(gone))] = added.pop()
    replacing |= dict.fromkeys(set(gone) - replacing.keys(), "")
    for statement in sorted((old[key] for key in replacing), key=_start, reverse=True):
        start, end = _start(statement) - 1, statement.end_lineno or 0
        while not replacing[_key(statement)] and end < len(lines) and not lines[end].strip():
            end += 1
        lines[start:end] = [replacing[_key(statement)]]
    if imports:
        first = next((s for s in file.body if not _is_docstring(s) and not _is_future(s)), None)
        place = _start(first) - 1 if first else len(lines)
        lines.insert(place, imports)
    return _ended("".join(lines)) + "".join(f"\n\n{source}" for source in added)


def _is_whole(file: ast.Module, block: ast.Module, prompt: str) -> bool:
    """Whether a block begins with the file's own docstring, and lacks no definition but what the prompt speaks of."""
    said = ast.get_docstring(file)
    lacks = _unspoken(_names(file) - _names(block), prompt)
    return bool(said) and said == ast.get_docstring(block) and not lacks and not _members_forgotten(file, block, prompt)


def _nested(code: str, block: ast.Module, files: Mapping[str, str], trees: Mapping[str, ast.Module]) -> WriteFile | None:
    """The edit a function means that one function of one file has inside; None where it is another or more than that."""
    function = block.body[0]
    if len(block.body) > 1 or not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        return None
    homes = [
        (path, inner)
        for path, tree in trees.items()
        for outer in ast.walk(tree)
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in outer.body
        if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef) and inner.name == function.name
    ]
    if len(homes) != 1:
        return None
    path, held = homes[0]
    lines, told = _LINE.findall(files[path]), _source(_LINE.findall(code), function)
    first = _start(held) - 1
    lines[first : held.end_lineno] = [textwrap.indent(told, lines[first][: held.col_offset])]
    return WriteFile(path, "".join(lines))


def joined(text: str, code: str, prompt: str = "") -> str | None:
    """Python with more Python added that defines other names; None where it defines one again, or neither defines any.

    None also where it lacks what the prompt wants renamed or removed.
    """
    file, block = parsed(text), parsed(textwrap.dedent(code))
    if file is None or block is None or not block.body or _gone(file, block, prompt):
        return None
    held, told = _defined(file), _defined(block)
    if held & told or not held | told:
        return None
    if all(map(_declares, block.body)):
        return merged(text, textwrap.dedent(code))
    return f"{_ended(text)}\n\n{textwrap.dedent(code)}"


def _unspoken(names: set[str], prompt: str) -> set[str]:
    """Those that the prompt does not name."""
    said = set(_WORD.findall(prompt)) if names else set[str]()
    return {name for name in names if not said.issuperset(_WORD.findall(name))}


def _gone(file: ast.Module, block: ast.Module, prompt: str) -> set[str]:
    """What the block lacks of the file's definitions and the prompt wants renamed or removed."""
    if not _GOING.search(prompt):
        return set()
    lacking = _names(file) - _names(block)
    return lacking - _unspoken(lacking, prompt)


def _in_place_of(held: ast.stmt, lines: list[str], told: Sequence[ast.stmt], new: list[str]) -> str:
    """Definitions of one name (a property and its setter) that take the place of `held`; one that comes again stands once.

    Where they are classes and lack members that it has, it with theirs in place of its own.
    """
    classes = [statement for statement in told if isinstance(statement, ast.ClassDef)]
    if not isinstance(held, ast.ClassDef) or len(classes) < len(told) or not _left_out(held, classes[-1]):
        return "".join(dict.fromkeys(_source(new, statement) for statement in told))
    members = {_key(member): member for member in held.body if _key(member)}
    before, kept = _start(held) - 1, _LINE.findall(_source(lines, held))
    lead = " " * held.body[0].col_offset
    added: list[str] = []
    replacing: dict[str, dict[str, None]] = {}
    for member in (member for each in classes for member in each.body):
        source = textwrap.indent(textwrap.dedent(_source(new, member)), lead)
        if (key := _key(member)) in members and not (_is_docstring(member) and _is_docstring(members[key])):
            replacing.setdefault(key, {})[source] = None
        elif key and not _is_docstring(member):
            added.append(f"\n{source}")
    kept.append("".join(added))
    for key in sorted(replacing, key=lambda key: _start(members[key]), reverse=True):
        kept[_start(members[key]) - 1 - before : (members[key].end_lineno or 0) - before] = ["".join(replacing[key])]
    return "".join(kept)


def _members_forgotten(file: ast.Module, block: ast.Module, prompt: str) -> bool:
    """Whether a class of the block lacks members that the file's has and the prompt does not speak of."""
    held = {statement.name: statement for statement in file.body if isinstance(statement, ast.ClassDef)}
    told = {statement.name: statement for statement in block.body if isinstance(statement, ast.ClassDef)}
    lost = {name for key in held.keys() & told.keys() for name in _left_out(held[key], told[key])}
    return bool(_unspoken(lost, prompt))


def _left_out(held: ast.ClassDef, told: ast.ClassDef) -> set[str]:
    """Methods and nested classes that `told` lacks; none when it has as many new ones: those are renamed."""
    old, new = _names(held), _names(told)
    return old - new if len(new - old) < len(old - new) else set()


def _classes_of(block: ast.Module, file: ast.Module) -> list[str]:
    """The classes of the file that have all the functions of the block as methods; [] when they are functions of the module."""
    names = _names(block)
    methods = [s for s in block.body if isinstance(s, ast.FunctionDef | ast.AsyncFunctionDef) and _takes_self(s)]
    if not methods or len(methods) != len(block.body) or names & _names(file):
        return []
    return [s.name for s in file.body if isinstance(s, ast.ClassDef) and names <= _names(s)]


def _takes_self(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return bool(function.args.args) and function.args.args[0].arg in ("self", "cls")


def _source(lines: list[str], statement: ast.stmt) -> str:
    return _ended("".join(lines[_start(statement) - 1 : statement.end_lineno]))


def _ended(source: str) -> str:
    return source if source.endswith(("\n", "\r")) else source + "\n"


def _declares(statement: ast.stmt) -> bool:
    kinds = _Definition | ast.Import | ast.ImportFrom | ast.Assign | ast.AnnAssign
    return isinstance(statement, kinds) or _key(statement) in (_DOCSTRING, _MAIN)


def _names(tree: ast.Module | ast.ClassDef) -> set[str]:
    return {statement.name for statement in tree.body if isinstance(statement, _Definition)}


def _defined(tree: ast.Module) -> set[str]:
    """The names of definitions, of what is assigned, and of the part that runs as a program."""
    nobodys = ("", _DOCSTRING)
    return {_key(s) for s in tree.body if not isinstance(s, ast.Import | ast.ImportFrom)}.difference(nobodys)


def _key(statement: ast.stmt) -> str:
    """What makes two top-level statements the same one; "" for those that are nobody's (calls, loops, ...)."""
    if _is_docstring(statement):
        return _DOCSTRING
    match statement:
        case ast.If(test=ast.Compare(left=ast.Name(id="__name__"))):
            return _MAIN
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
        case ast.Import() | ast.ImportFrom():
            return ast.unparse(statement)
    return ""


def _frame(tree: ast.Module) -> tuple[set[str], set[str]]:
    """What stands around a file's definitions, by which a block is known for the whole of it; the modules it takes from."""
    around = [statement for statement in tree.body if not isinstance(statement, _Definition)]
    taken = {"." * s.level + (s.module or "") for s in around if isinstance(s, ast.ImportFrom)}
    return {_key(s) for s in around if not isinstance(s, ast.ImportFrom)} - {""}, taken


def _start(statement: ast.stmt) -> int:
    decorators = statement.decorator_list if isinstance(statement, _Definition) else []
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])


def _is_docstring(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant) and isinstance(statement.value.value, str)
    )


def _is_future(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
