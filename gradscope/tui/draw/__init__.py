"""Drawing: data and a size in, strips out."""
