import pytest

from slug import slugify


@pytest.mark.parametrize(
    ("title", "slug"),
    [("Hello World", "hello-world"), ("Hello,  World!", "hello-world"), ("  trim me ", "trim-me"), ("a_b", "a-b")],
)
def test_slugify(title, slug):
    assert slugify(title) == slug
