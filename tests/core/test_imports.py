"""Imports that a reply forgot are added where it is plain which, and nowhere else."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from oci_tui.core.edits import Files, settle
from oci_tui.core.formats.whole_file import WriteFile
from oci_tui.core.imports import completed, place
from oci_tui.core.reply import parse

CART = '"""What a customer pays."""\n\n\ndef total(prices):\n    return sum(prices) + round(sum(prices) * VAT_RATE)\n'
RATES = "VAT_RATE = 0.19\n"
CLOCK = '"""Times."""\n\n\ndef now():\n    return time.monotonic()\n'


def _free(_path: str) -> str:
    return ""


def _none(_path: str) -> None:
    return None


def added(path: str, text: str, old: str | None, files: dict[str, str]) -> tuple[str, ...]:
    """The lines that `text` gets at `path`."""
    return completed(path, text, old, sorted(files), files.get)[1]


def test_what_another_file_of_the_same_reply_defines(tmp_path: Path) -> None:
    reply = parse(f"rates.py\n```python\n{RATES}```\n\ncart.py\n```python\n{CART}```\n\nshop/cart.py\n```python\n{CART}```\n")
    done = settle(reply.edits, Files((), _none, _free), "move the rate")
    assert done.written["cart.py"] == CART.replace('pays."""\n', 'pays."""\n\nfrom rates import VAT_RATE\n')
    assert done.notes[0] == "cart.py: `from rates import VAT_RATE` was missing and was added"
    for path, text in done.written.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    command = "import cart, shop.cart; assert cart.total([100]) == shop.cart.total([100]) == 119"
    assert subprocess.run([sys.executable, "-c", command], cwd=tmp_path, check=False).returncode == 0


def test_the_ends_of_lines_stay_what_they_were() -> None:
    old = {"cart.py": CART.replace("VAT_RATE", "0.19").replace("\n", "\r\n"), "rates.py": RATES}
    done = settle((WriteFile("cart.py", CART),), Files(sorted(old), old.get, _free, known=old), "")
    assert done.written["cart.py"].count("\n") == done.written["cart.py"].count("\r\n") > 5


@pytest.mark.parametrize(
    ("path", "text", "old", "files", "lines"),
    [
        ("a.py", "x = json.dumps(Path(1))\n", "import os, json as j\n", {}, "import json; from pathlib import Path"),
        ("a.py", "np.a(), b()\n", "import numpy as np\nfrom .c import b, d\n", {}, "import numpy as np; from .c import b"),
        ("a.py", CART, None, {"shop/rates.py": RATES, "shop/__init__.py": ""}, "from shop.rates import VAT_RATE"),
        ("src/a.py", CART, None, {"src/rates.py": RATES}, "from rates import VAT_RATE"),
        ("tools/a.py", CART, None, {"tools/rates.py": RATES}, "from rates import VAT_RATE"),
        ("tests/test_a.py", CART, None, {"b/c.py": RATES, "x.py": "from b.y import z\n"}, "from b.c import VAT_RATE"),
        ("shop/a.py", f"from . import x\n{CART}", None, {"shop/rates.py": RATES}, "from .rates import VAT_RATE"),
        ("test_a.py", "def test():\n    with pytest.raises(ValueError):\n        int('x')\n", None, {}, "import pytest"),
        ("a.py", "@dataclass\nclass A:\n    b: Any\n", None, {}, "from dataclasses import dataclass; from typing import Any"),
        ("a.py", "x = datetime.now() - datetime.now()\n", None, {}, "from datetime import datetime"),
        ("a.py", "x = datetime.datetime.now()\n", None, {}, "import datetime"),
        (
            "a.py",
            "@wraps(f)\ndef g():\n    return date.today()\n",
            None,
            {},
            "from datetime import date; from functools import wraps",
        ),
        ("app/a.py", CART, None, {"app/__init__.py": "", "app/rates.py": RATES}, "from app.rates import VAT_RATE"),
        ("a/b/c.py", CART, None, {"a/b/__init__.py": "", "a/b/rates.py": RATES}, "from b.rates import VAT_RATE"),
        ("a.py", CART, "from utils import VAT_RATE\n", {"utils.py": "", "r.py": RATES}, "from r import VAT_RATE"),
        ("a.py", "x.a(), x.b()\n", "import x.a\nimport x.b\n", {}, "import x.a; import x.b"),
    ],
)
def test_it_is_plain_what_is_meant(path: str, text: str, old: str | None, files: dict[str, str], lines: str) -> None:
    assert "; ".join(added(path, text, old, files)) == lines


@pytest.mark.parametrize(
    ("path", "text", "old", "files"),
    [
        ("a.py", CART, None, {"rates.py": RATES, "other.py": RATES}),
        ("a.py", CART, None, {"test_rates.py": RATES}),
        ("a.py", CART, None, {"lib/rates.py": RATES}),
        ("a.py", CART, None, {"my-rates.py": RATES}),
        ("a.py", CART, None, {"rates.py": f"from a import total\n{RATES}"}),
        ("a.py", CART, CART.replace("sum", "max"), {"rates.py": RATES}),
        ("a.py", f"from rates import *\n{CART}", None, {"rates.py": RATES}),
        ("a.py", "x = string.split()\n", None, {}),
        ("a.py", "x = time.monotonic() + time\n", None, {}),
        ("a.py", "x = token.strip(), pytest.raises\n", None, {}),
        ("a.py", "def f(json):\n    return json.dumps(1)\n", None, {}),
        ("a.py", "def f():\n    global json\n    return json.dumps(1)\n", None, {}),
        ("a.py", "x = json.dumps(\n", None, {}),
        ("a.txt", "x = json.dumps(1)\n", None, {}),
        ("a.py", CART, None, {"rates.py": f"import mid\n{RATES}", "mid.py": "from a import (\n    total,\n)\n"}),
        ("shop/__init__.py", CART, None, {"shop/rates.py": RATES}),
        ("a.py", CART, None, {"gunicorn.conf.py": RATES}),
        ("a.py", CART, None, {"setup.py": RATES}),
        ("a.py", CART, None, {"__init__.py": RATES}),
        ("a.py", CART, None, {"tests/helpers.py": RATES, "tests/__init__.py": ""}),
        ("a.py", CART, None, {"types.py": RATES}),
        ("a.py", CART, None, {"rates.py": "VAT_RATE: float\n"}),
        ("a.py", "x = price * 2\n", None, {"demo.py": "price = 3\n"}),
        ("a.py", "x = f'Report of {date}', [field.name for f in x]\n", None, {}),
        ("a.py", "from __future__ import annotations\n\n\ndef f(x: Rate): ...\n", None, {"rates.py": "class Rate: ...\n"}),
        ("a.py", "x = json.dumps(1)\n", None, {"json.py": ""}),
        ("random.py", "x = random.randint(1, 2)\n", None, {}),
        ("a.py", "import os\nx = tkinter.Tk()\n", "import tkinter\nimport os\nx = tkinter.Tk()\n", {}),
        ("a.py", "from __future__ import annotations; import os\nx = json.dumps(1)\n", None, {}),
        ("a.py", '"""a\nb"""; import os\nx = json.dumps(1)\n', None, {}),
        ("a.py", CART, None, {"rates.py": f"{RATES}print(VAT_RATE)\n"}),
        ("a.py", CART, None, {"rates.py": f"import argparse\n\n{RATES}args = argparse.ArgumentParser().parse_args()\n"}),
        ("a.py", "x = Optional(), Enum('a', 'b'), Sequence('s')\n", None, {}),
        ("a.py", CART, "from b import VAT_RATE\n", {"b.py": "# VAT_RATE is gone\n"}),
        ("a.py", "x = annotations\n", "from __future__ import annotations\n", {}),
    ],
)
def test_nothing_is_added_where_it_is_not(path: str, text: str, old: str | None, files: dict[str, str]) -> None:
    assert added(path, text, old, files) == ()


def test_programs_that_lack_nothing_get_nothing() -> None:
    modules = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    assert len(modules) > 100
    assert [path.name for path in modules if completed(path.name, path.read_text("utf-8"), None, (), _none)[1]] == []


def test_an_import_that_gets_lost_comes_back() -> None:
    for path in Path("oci_tui/core").glob("*.py"):
        text = path.read_text("utf-8")
        lost = "".join(line for line in text.splitlines(keepends=True) if not line.startswith(("from oci_tui", "import ")))
        if lost == text or "(\n" in text.partition("\n\n\n")[0]:
            continue
        mended = completed(str(path), f"{lost}\n\nmore = 1\n", text, (), _none)[0]
        assert completed(str(path), mended, None, (), _none)[1] == ()
        assert ("import re\n" in text) == ("import re\n" in mended), path


def test_a_line_of_imports_has_a_place_in_every_file() -> None:
    long, ahead = '"""Doc\nof two."""\n\n\nimport os\n', '"""Doc."""\nfrom __future__ import annotations\n'
    decorated = '"""Dumps."""\n\n\n@staticmethod\ndef dump(value): ...\n'
    places = {"": -1, "x = 1\n": 1, "no python(": 0, '"""Doc."""\n': -1, ahead: -1, ahead[:-1]: 0, long: 5, decorated: 4}
    assert {text: place(text) for text in places} == places


@pytest.mark.parametrize(
    ("text", "after"),
    [
        (CLOCK, CLOCK.replace('"""Times."""\n', '"""Times."""\n\nimport time\n')),
        ("def now():\n    return time.time()\n", "import time\n\n\ndef now():\n    return time.time()\n"),
        ("import os\n\nnow = time.time()\n", "import time\nimport os\n\nnow = time.time()\n"),
        ('"""T."""; now = time.time()\n', None),
        (
            "# one\n# \x0ctwo\nimport os\n\nnow = time.time()\n",
            "# one\n# \x0ctwo\nimport time\nimport os\n\nnow = time.time()\n",
        ),
    ],
)
def test_where_the_lines_stand(text: str, after: str | None) -> None:
    new = completed("clock.py", text, None, (), _none)[0]
    assert after is None or new == after
    compile(new, "clock.py", "exec")
    assert completed("clock.py", new, None, (), _none) == (new, ())
