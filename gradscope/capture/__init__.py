"""How we know: hooks into torch, discovery of models and optimizers, measurements."""
