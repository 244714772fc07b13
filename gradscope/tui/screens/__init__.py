"""Screens: they place widgets and handle messages."""
