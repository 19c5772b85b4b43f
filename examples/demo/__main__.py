"""``python -m examples.demo``: `examples.demo.show`, with Ctrl-C as one line even before that is imported."""

import sys

INTERRUPTED = 130

if __name__ == "__main__":
    try:
        from examples.demo.show import main

        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        print("interrupted: nothing was started", file=sys.stderr)
        sys.exit(INTERRUPTED)
