"""What happened: the words, events, commands and numbers that every other package speaks."""
