"""Say it: the linear text front end, for pipes, screen readers and other programs."""
