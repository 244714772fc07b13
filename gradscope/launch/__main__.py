"""The child's program, started by its path: runs the script given on the command line.

No function may be defined here, and no name kept: this module's namespace becomes the script's.
The script is called straight from the ``with`` statement, so that this one frame is all that
lies beneath it, and an exception that leaves it goes to the interpreter as from any script.
"""

import os.path
import sys

# python has put this directory first, where the files in it would shadow others
if not sys.flags.safe_path:
    del sys.path[0]
sys.path_importer_cache.pop(os.path.dirname(__file__), None)

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
import gradscope  # noqa: E402, F401  # this very installation, whichever else python would find

del sys.path[0]

from gradscope.launch.run import start  # noqa: E402

run = start(sys.argv[1:])
with run:
    run.prepare()()
