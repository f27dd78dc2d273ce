from scoreboard import Scoreboard


def board_of(**points):
    board = Scoreboard()
    for name, value in points.items():
        board.add(name, value)
    return board


def test_ranking():
    assert Scoreboard().ranking() == []
    assert board_of(Bob=3, Ann=5).ranking() == [(1, "Ann", 5), (2, "Bob", 3)]


def test_shared_places():
    board = board_of(Dan=1, Cid=4, Bob=4, Ann=9)
    assert board.ranking() == [(1, "Ann", 9), (2, "Bob", 4), (2, "Cid", 4), (4, "Dan", 1)]
    board = board_of(Cid=2, Bob=2, Ann=2, Dan=1, Eve=1, Fay=0)
    assert [place for place, _, _ in board.ranking()] == [1, 1, 1, 4, 4, 6]
    assert board.leader() == "Ann"
