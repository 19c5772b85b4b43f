"""What `pulumi up` and the local engine run.

The project's root comes first on the path, so that ``stack`` is a package whether this folder is run by path, as the
Pulumi CLI does, or by name.
"""

import sys
from importlib import import_module
from pathlib import Path

import pulumi

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
program = import_module("stack.program")
try:
    program.declare()
except program.SettingsError as refused:
    # Of this exception alone the Pulumi CLI shows the text without a traceback.
    raise pulumi.RunError(str(refused)) from None
