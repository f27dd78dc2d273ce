"""Counts the lines and words of files: wclite FILE..."""

import sys

from wclite.count import count


def main(arguments=None):
    for name in sys.argv[1:] if arguments is None else arguments:
        with open(name) as file:
            lines, words = count(file.read())
        print(f"{lines} {words} {name}")


if __name__ == "__main__":
    main()
