import pytest

from steps import order


@pytest.mark.parametrize(
    "needs",
    [
        {},
        {"a": []},
        {"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": []},
        {"b": ["d"], "d": [], "a": ["b", "d"]},
        {"x": ["y"], "y": ["z"], "w": ["z", "y", "x"]},
    ],
)
def test_order(needs):
    ordered = order(needs)
    steps = set(needs) | {step for some in needs.values() for step in some}
    assert len(ordered) == len(steps)
    assert set(ordered) == steps
    for step, some in needs.items():
        for needed in some:
            assert ordered.index(needed) < ordered.index(step)


@pytest.mark.parametrize(
    "needs",
    [
        {"a": ["a"]},
        {"a": ["b"], "b": ["c"], "c": ["a"]},
        {"start": ["a", "b"], "a": ["c"], "b": ["c"], "c": ["b"]},
    ],
)
def test_circles(needs):
    with pytest.raises(ValueError):
        order(needs)
