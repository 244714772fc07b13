"""The child's side: run a script as python would, and stop it where asked.

Everything here is loaded beside the user's script, so what is loaded before the script has
imported torch (``__main__``, ``run``, ``options``, ``script``, ``packing``, ``imports``,
``lifeline``, ``tracebacks``) takes its modules from the interpreter's own start where it can: a
module in ``sys.modules`` too early would hide a file of the user's with the same name, and numpy
would fix its number of threads before the script could.
"""
