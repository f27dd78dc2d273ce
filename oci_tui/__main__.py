"""`python -m oci_tui` is `oci-tui`."""

from oci_tui.cli import main

if __name__ == "__main__":
    main()
