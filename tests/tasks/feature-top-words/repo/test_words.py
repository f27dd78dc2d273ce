from words import longest, words


def test_words():
    assert words("It's a dog.") == ["It's", "a", "dog"]


def test_longest():
    assert longest("a dog barks") == "barks"
