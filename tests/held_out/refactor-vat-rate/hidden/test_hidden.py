import ast
from pathlib import Path

import cart
import quote
import rates
import refund


def test_one_place():
    assert rates.VAT_RATE == 0.19
    for name in ("cart.py", "quote.py", "refund.py"):
        tree = ast.parse(Path(name).read_text())
        assert not [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and node.value in (0.19, 1.19)]
        modules = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        modules += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
        assert "rates" in modules


def test_results():
    assert cart.total([]) == 0
    assert cart.total([999]) == 1189
    assert quote.lines("Chair", 1000) == ["Chair: 1000 cents", "VAT: 190 cents", "Total: 1190 cents"]
    assert refund.net_of(2380) == 2000
    assert refund.vat_of(2380) == 380
