"""What the script did in all."""

from dataclasses import dataclass

from gradscope.core.events import Seen


@dataclass
class Tally:
    """Counts of what was seen, for the script that never trained."""

    forwards: int = 0
    backwards: int = 0
    optimizer_steps: int = 0
    batches: int = 0

    def seen(self, *, models: int, optimizers: int) -> Seen:
        """Return the counts as they are now."""
        return Seen(
            torch_imported=True,
            models=models,
            forwards=self.forwards,
            backwards=self.backwards,
            optimizers=optimizers,
            optimizer_steps=self.optimizer_steps,
            batches=self.batches,
        )
