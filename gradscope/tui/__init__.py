"""See it: the Textual front end."""
