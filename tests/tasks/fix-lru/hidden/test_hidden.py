from cache import LRU


def test_order():
    cache = LRU(3)
    for key in "abc":
        cache.put(key, key)
    cache.get("a")
    assert cache.keys() == ["b", "c", "a"]
    assert cache.get("x") is None
    assert cache.get("x", 0) == 0
    assert cache.keys() == ["b", "c", "a"]
    cache.put("d", "d")
    assert cache.keys() == ["c", "a", "d"]
    assert len(cache) == 3
