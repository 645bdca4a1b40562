"""`python -m pcapfilter` is the command."""

from pcapfilter.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
