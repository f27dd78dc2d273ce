import subprocess
import sys

from greet import main


def test_upper(capsys):
    main(["--upper", "Bob", "--times", "2"])
    assert capsys.readouterr().out == "HELLO, BOB!\nHELLO, BOB!\n"
    main(["Bob"])
    assert capsys.readouterr().out == "Hello, Bob!\n"
    run = subprocess.run([sys.executable, "greet.py", "Bob", "--upper"], capture_output=True, text=True)
    assert run.stdout == "HELLO, BOB!\n"
