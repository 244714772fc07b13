"""Widgets: one pane each; they fetch their size and colours and place what draw makes."""
