"""Keep it: recordings, written while the run goes on and read by every front end."""
