"""`python -m xinglin` is `xinglin`."""

from xinglin.cli import main

if __name__ == "__main__":
    main()
