from wclite.cli import main
from wclite.count import count


def test_count():
    assert count("one two\nthree\n") == (2, 3)


def test_main(tmp_path, capsys):
    file = tmp_path / "a.txt"
    file.write_text("one two\n")
    main([str(file)])
    assert capsys.readouterr().out == f"1 2 {file}\n"
