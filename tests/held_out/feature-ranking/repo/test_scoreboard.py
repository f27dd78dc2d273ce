from scoreboard import Scoreboard


def test_points():
    board = Scoreboard()
    assert board.leader() is None
    board.add("Bob", 3)
    board.add("Ann", 5)
    board.add("Bob", 4)
    assert board.points("Bob") == 7
    assert board.points("Eve") == 0
    assert board.players() == ["Ann", "Bob"]
    assert board.leader() == "Bob"
