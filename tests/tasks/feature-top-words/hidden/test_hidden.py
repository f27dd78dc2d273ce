from words import longest, top_words


def test_top_words():
    text = "The cat and the dog and the bird. A cat!"
    assert top_words(text, 3) == [("the", 3), ("and", 2), ("cat", 2)]
    assert top_words(text, 0) == []
    assert top_words("", 5) == []
    assert top_words("b a", 5) == [("a", 1), ("b", 1)]
    assert longest("a dog barks") == "barks"
