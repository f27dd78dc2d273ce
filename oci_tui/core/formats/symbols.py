"""The whole-symbol format: a Python block without a path that defines again what one file defines replaces it there.

Small models often leave the path out; the names they define say which file is meant.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from itertools import pairwise, takewhile

from oci_tui.core.formats.parts import CROWDED, GOING, left_out, refuse_part
from oci_tui.core.formats.search_replace import MismatchError, Replaced
from oci_tui.core.formats.statements import (
    DOCSTRING,
    MAIN,
    Definition,
    bound,
    imports,
    is_docstring,
    key_of,
    needs,
    shown,
    used,
)
from oci_tui.core.formats.whole_file import WriteFile
from oci_tui.core.syntax import parsed

# lines as Python counts them; str.splitlines knows more line ends
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")

_LEAST = 0.7
"""A block of less than this share of the file's lines is no whole file with other names."""


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
    if len(meant) != 1:
        return None
    path = meant[0]
    return WriteFile(path, merged(files[path], code, _gone(trees[path], block, prompt)))


def first_file(code: str, prompt: str) -> WriteFile | None:
    """The file that definitions mean where there is none yet: the one that the prompt names, or one named after the first."""
    code = textwrap.dedent(code)
    block = parsed(code)
    if block is None or not all(_declares(statement) and key_of(statement) != MAIN for statement in block.body):
        return None
    defined = next((statement.name for statement in block.body if isinstance(statement, Definition)), "")
    named = re.search(r"[\w./-]*\w\.py\b", prompt)
    return WriteFile(named[0] if named else f"{defined.lower()}.py", code) if defined else None


def within(
    text: str, code: str, prompt: str, used_by: Callable[[str], bool] = lambda _: False, moved: Collection[str] = ()
) -> Replaced:
    """What a file becomes when a block that names it holds `code`: that, or where it is only a part, the file with it in place.

    Definitions are dropped where the prompt speaks of them, where the reply writes them to another file (`moved`), or where as
    many new ones that the prompt does not speak of come in a block of about the file's length and nothing uses them (`used_by`
    other files): what a weak model leaves out otherwise it has forgotten. Raises MismatchError where it cannot be told.
    """
    part = textwrap.dedent(code)
    file, block = parsed(text), parsed(part)
    if block is None:
        return Replaced(code)
    if file is None or not (_names(file) or _names(block) or _settings(file, block, prompt)):
        refuse_part(text, code)
        return Replaced(code)
    held, told = _names(file), _names(block)
    of_length = code.count("\n") >= _LEAST * text.count("\n")
    spoken = prompt if of_length or GOING.search(prompt) else ""
    forgotten, unasked = _unspoken(held - told, spoken).difference(moved), _unspoken(told - held, prompt)
    wanting = used([block]) - bound(block.body)
    renamed = len(unasked) >= len(forgotten) and of_length and not forgotten & wanting and not any(map(used_by, forgotten))
    frame, modules = _frame(file)
    around, taken = _frame(block)
    framed = not frame | modules or frame & around or (modules & taken and frame <= around)
    keys = set(map(key_of, block.body))
    left = [s for s in file.body if not isinstance(s, Definition) and key_of(s) not in keys]
    own = shown(file, ())
    named = _unspoken(bound(s for s in left if not isinstance(s, ast.Import | ast.ImportFrom) and s not in own), prompt)
    needed = wanting & bound(left) or any(map(used_by, named)) or (named and not of_length)
    framed = framed or (of_length and not named and not all(map(_declares, block.body)))
    whole = framed and (not forgotten or renamed) and not needed and not _members_forgotten(file, block, prompt)
    if (whole and held) or (told and not held and (whole or of_length)) or (held and not (told or forgotten)):
        return Replaced(code)
    aside = shown(block, set(map(key_of, file.body)))
    if all(statement in aside or _heads(statement) for statement in block.body):
        raise left_out(forgotten)
    if any(one.end_lineno == other.lineno for tree in (file, block) for one, other in pairwise(tree.body)):
        raise MismatchError(CROWDED)
    lines = _LINE.findall(part)
    how = ", ".join(_source(lines, statement).strip().partition("\n")[0] for statement in sorted(aside, key=_start))
    return Replaced(merged(text, part, _gone(file, block, prompt)), how and f"without what only shows its use: {how}")


def _settings(file: ast.Module, block: ast.Module, prompt: str) -> bool:
    """Whether a block sets some of what a file of nothing but settings does."""
    held, told = (_defined(tree) for tree in (file, block))
    return all(map(_declares, block.body)) and bool(held & told) and bool(_unspoken(held - told, prompt))


def merged(text: str, code: str, gone: Collection[str] = ()) -> str:
    """`text` with the definitions of `code` in place of its own of the same name; both are Python that parses.

    A block that defines all that the file does, and imports no less, is the whole file. Of a class that lacks members which the
    file's has, the members are merged; functions that are methods of one class of the file go there. Those in `gone` go; where
    one goes and one comes it takes that place. New functions and classes come last, or before what needs them at once; other
    new statements come after the one that they follow in the block and after what they need.
    """
    file, block = ast.parse(text), ast.parse(code)
    if len(owners := _classes_of(block, file)) == 1:
        code = f"class {owners[0]}:\n{textwrap.indent(code, '    ')}"
        block = ast.parse(code)
    told = set(map(key_of, block.body))
    if all(key_of(statement) in told for statement in file.body) and not _members_forgotten(file, block, ""):
        return code
    old = {key: statement for statement in file.body if (key := key_of(statement))}
    lines, new = _LINE.findall(_ended(text)), _LINE.findall(code)
    first = next((_start(s) - 1 for s in file.body if not is_docstring(s) and not _is_future(s)), len(lines))
    place = head = _head(file) or first
    ends = {key: statement.end_lineno or 0 for key, statement in old.items()}
    replacing: dict[str, str] = {}
    inserts: dict[int, list[str]] = defaultdict(list)
    opening, imported, aside = "", "", shown(block, old)
    for statement in (s for s in block.body if key_of(s) and s not in aside):
        key, source = key_of(statement), _source(new, statement)
        if key in old:
            if isinstance(statement, ast.ClassDef) and isinstance(held := old[key], ast.ClassDef):
                source = _class_merged(_source(lines, held), source)
            replacing[key] = _with(replacing.get(key, ""), source)
            place = place if key == MAIN else max(head, ends[key])
        elif isinstance(statement, ast.Import | ast.ImportFrom):
            imported += source
        elif key == DOCSTRING:
            opening = f"{source}\n"
        else:
            if imports(statement):
                ends[key] = head
            elif isinstance(statement, Definition) or key == MAIN:
                users = [old[key_of(s)] for s in block.body if key_of(s) in old and key in needs(s)]
                place = ends[key] = min((_start(user) - 1 for user in users), default=len(lines))
            else:
                place = ends[key] = max([place, *(ends[name] for name in needs(statement) & ends.keys())])
            inserts[ends[key]].append(source)
    if len(gone) == len(inserts.get(len(lines), ())) == 1:
        replacing[next(iter(gone))] = inserts.pop(len(lines))[0]
    replacing |= dict.fromkeys(set(gone) - replacing.keys(), "")
    edits = [(first, first, imported)] if imported and first not in inserts else []
    for at, sources in inserts.items():
        above = f"{imported}\n" if imported and at == first else ""
        edits.append((at, at, above + _spaced(file, at, sources, last=at == len(lines))))
    for key, source in replacing.items():
        start, end = _start(old[key]) - 1, ends[key]
        while not source and end < len(lines) and not lines[end].strip() and end not in inserts:
            end += 1
        edits.append((start, end, source))
    for start, end, source in sorted(edits, reverse=True):
        lines[start:end] = [source]
    lines.insert(_start(file.body[0]) - 1 if file.body else 0, opening)
    return "".join(lines)


def _spaced(file: ast.Module, at: int, sources: list[str], *, last: bool) -> str:
    """New statements with the blank lines that belong around them after line `at` of the file."""
    if last:
        return "".join(f"\n\n{source}" for source in sources)
    before = next((statement for statement in file.body if statement.end_lineno == at), None)
    if before is None:
        apart = "\n\n" * any(source.startswith(("def ", "async def ", "class ", "@")) for source in sources)
        return apart.join(sources) + "\n\n"
    if isinstance(before, Definition):
        return "\n\n" + "".join(sources)
    return "\n" * _heads(before) + "".join(sources)


def _head(file: ast.Module) -> int:
    """The last line of the imports that a file begins with; 0 when it begins with none."""
    head = list(takewhile(_heads, file.body))
    return (head[-1].end_lineno or 0) if any(not is_docstring(statement) for statement in head) else 0


def _heads(statement: ast.stmt) -> bool:
    return is_docstring(statement) or isinstance(statement, ast.Import | ast.ImportFrom) or imports(statement)


def joined(text: str, code: str) -> str | None:
    """Python with more Python added that defines other names; None where it defines one again, or neither defines any."""
    file, block = parsed(text), parsed(textwrap.dedent(code))
    if file is None or block is None or not block.body:
        return None
    held, told = _defined(file), _defined(block)
    if held & told or not held | told:
        return None
    if all(map(_declares, block.body)):
        return merged(text, textwrap.dedent(code))
    return f"{_ended(text)}\n\n{textwrap.dedent(code)}"


def _with(sources: str, source: str) -> str:
    """Definitions of one name, one after the other (a property and its setter); one that comes again as it was stands once."""
    return sources if source in sources else sources + source


def _unspoken(names: set[str], prompt: str) -> set[str]:
    """Those that the prompt does not name."""
    return {name for name in names if not re.search(rf"\b{re.escape(name)}\b", prompt)}


def _gone(file: ast.Module, block: ast.Module, prompt: str) -> set[str]:
    """What the block lacks of the file's definitions and the prompt wants renamed or removed."""
    if not GOING.search(prompt):
        return set()
    lacking = _names(file) - _names(block)
    return lacking - _unspoken(lacking, prompt)


def _class_merged(old: str, new: str) -> str:
    """The class `old` with the members of `new` in place of its own; `new` itself when it has them all."""
    held, told = ast.parse(old).body[0], ast.parse(new).body[0]
    if not isinstance(held, ast.ClassDef) or not isinstance(told, ast.ClassDef) or not _left_out(held, told):
        return new
    members = {key: member for member in held.body if (key := key_of(member))}
    lines, written = _LINE.findall(old), _LINE.findall(new)
    lead = " " * held.body[0].col_offset
    added: list[str] = []
    replacing: dict[str, str] = {}
    for member in told.body:
        source = textwrap.indent(textwrap.dedent(_source(written, member)), lead)
        if (key := key_of(member)) in members and not (is_docstring(member) and is_docstring(members[key])):
            replacing[key] = _with(replacing.get(key, ""), source)
        elif key and not is_docstring(member):
            added.append(f"\n{source}")
    lines.append("".join(added))
    for key in sorted(replacing, key=lambda key: _start(members[key]), reverse=True):
        lines[_start(members[key]) - 1 : members[key].end_lineno] = [replacing[key]]
    return "".join(lines)


def _members_forgotten(file: ast.Module, block: ast.Module, prompt: str) -> bool:
    """Whether a class of the block lacks members that the file's has and the prompt does not speak of."""
    held = {statement.name: statement for statement in file.body if isinstance(statement, ast.ClassDef)}
    pairs = [(held[new.name], new) for new in block.body if isinstance(new, ast.ClassDef) and new.name in held]
    lost = {name for old, new in pairs for name in _left_out(old, new)}
    return bool(_unspoken(lost, prompt))


def _left_out(held: ast.ClassDef, told: ast.ClassDef) -> set[str]:
    """Methods and nested classes that `told` lacks, or where there are none what is assigned; none when it has as many new
    ones: those are renamed.
    """
    old, new = (_names(held), _names(told)) if _names(held) else (_defined(held), _names(told) | _defined(told))
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
    kinds = Definition | ast.Import | ast.ImportFrom | ast.Assign | ast.AnnAssign
    return isinstance(statement, kinds) or key_of(statement) in (DOCSTRING, MAIN)


def _names(tree: ast.Module | ast.ClassDef) -> set[str]:
    return {statement.name for statement in tree.body if isinstance(statement, Definition)}


def _defined(tree: ast.Module | ast.ClassDef) -> set[str]:
    """The names of definitions, of what is assigned, and of the part that runs as a program."""
    named = [s for s in tree.body if _declares(s) and not isinstance(s, ast.Import | ast.ImportFrom)]
    return set(map(key_of, named)) - {DOCSTRING}


def _frame(tree: ast.Module) -> tuple[set[str], set[str]]:
    """What stands around a file's definitions, by which a block is known for the whole of it; the modules it takes from."""
    around = [statement for statement in tree.body if not isinstance(statement, Definition)]
    taken = {"." * s.level + (s.module or "") for s in around if isinstance(s, ast.ImportFrom)}
    return {key_of(s) for s in around if not isinstance(s, ast.ImportFrom)} - {""}, taken


def _start(statement: ast.stmt) -> int:
    decorators = statement.decorator_list if isinstance(statement, Definition) else []
    return min([statement.lineno, *(decorator.lineno for decorator in decorators)])


def _is_future(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
