"""Greets somebody: python3 greet.py NAME [--times N]"""

import argparse


def greeting(name):
    return f"Hello, {name}!"


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name")
    parser.add_argument("--times", type=int, default=1, help="how often")
    parser.add_argument("--upper", action="store_true", help="in capital letters")
    chosen = parser.parse_args(arguments)
    words = greeting(chosen.name)
    for _ in range(chosen.times):
        print(words.upper() if chosen.upper else words)


if __name__ == "__main__":
    main()
