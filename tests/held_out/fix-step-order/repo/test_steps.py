import pytest

from steps import order


def test_a_chain():
    assert order({"pack": ["compile"], "compile": ["fetch"]}) == ["fetch", "compile", "pack"]


def test_a_circle():
    with pytest.raises(ValueError):
        order({"a": ["b"], "b": ["a"]})


def test_two_steps_need_the_same():
    ordered = order({"pack": ["compile", "docs"], "compile": ["fetch"], "docs": ["fetch"]})
    assert sorted(ordered) == ["compile", "docs", "fetch", "pack"]
    assert ordered[0] == "fetch"
    assert ordered[-1] == "pack"
