"""Run it: the child process, the cursor, and the command language."""
