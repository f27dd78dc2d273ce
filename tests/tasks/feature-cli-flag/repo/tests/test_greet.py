from greet import main


def test_greeting(capsys):
    main(["Ann", "--times", "2"])
    assert capsys.readouterr().out == "Hello, Ann!\nHello, Ann!\n"
