"""The child's side: run a script as python would, and stop it where asked."""
