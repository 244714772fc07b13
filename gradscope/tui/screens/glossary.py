"""Every sign and word on the screen, explained."""

from typing import NamedTuple

from gradscope.core.words import Phase
from gradscope.tui.draw.palette import Tone, tone_of


class Entry(NamedTuple):
    """A sign or word, the colour that it has on the screen, and what it means.

    ``ascii`` is the sign where only ASCII may be drawn; '' where its letters are replaced.
    """

    sign: str
    tone: Tone
    meaning: str
    ascii: str = ""


SIGNS: tuple[Entry, ...] = (
    Entry("σ(w)", Tone.WEIGHT, "Standard deviation of the layer's weights."),
    Entry("‖g‖", Tone.GRAD, "Length of the gradient: its L2 norm, the root of its summed squares."),
    Entry(
        "lgΔ/w",
        Tone.UPDATE,
        "Decimal logarithm of ‖ΔW‖ / ‖W‖: how far the last optimizer step moved the weights. "
        "−3 is a thousandth, often a healthy pace; above −1 is wild, below −6 stands still.",
    ),
    Entry("W", Tone.WEIGHT, "The weights of the selected parameter."),
    Entry("∂L/∂W", Tone.GRAD, "Their gradient: how the loss would change if a weight grew."),
    Entry("ΔW", Tone.UPDATE, "What the last optimizer step added to them: after minus before."),
    Entry("‖·‖", Tone.TEXT, "L2 norm of the tensor below."),
    Entry("μ σ", Tone.TEXT, "Mean and standard deviation over all elements."),
    Entry("±0.1", Tone.TEXT, "What the brightest colour of the heatmap stands for."),
    Entry("▫ [0,8,1,1]", Tone.TEXT, "The index of the cursor's cell, with its exact value."),
    Entry(
        "◆ changed",
        Tone.TEXT,
        "This moment changed the tensor; its norm is before → after, or Δ and their difference.",
    ),
    Entry("same", Tone.TEXT, "This moment left the tensor as it was."),
    Entry("last step", Tone.UPDATE, "The update of the last optimizer step, which may lie behind."),
    Entry("not measured", Tone.TEXT, "It may have changed since it was last looked at."),
    Entry("frozen", Tone.TEXT, "requires_grad is False: no grad, no update, it does not learn."),
    Entry("50 % zero", Tone.TEXT, "The share of elements that are exactly zero."),
    Entry("√n", Tone.TEXT, "A histogram's bars are as tall as the root of the count, to show few."),
    Entry("≈ max", Tone.TEXT, "A rounded value; the largest of several elements in one cell."),
    Entry("✓ ▶ ○", Tone.TEXT, "A phase that is done, the one just ended, one to come.", "+ > o"),
    Entry(
        "● ▲ ✖ ·",
        Tone.TEXT,
        "A layer that is well; to watch, as one whose grad is zero or whose update is out of "
        "proportion; ill, with NaN or Inf; not known, for want of a grad and an update. What is "
        "wrong stands below the layers when the cursor is on it.",
        "o ! X .",
    ),
    Entry("ema", Tone.LOSS, "The loss smoothed over its last iterations, bright; raw values dim."),
    Entry(
        "▶ ‖ ■ ✖ ◂",
        Tone.TEXT,
        "The run is running, paused, over, has failed, is a recording.",
        "> = # X <",
    ),
    Entry("–", Tone.TEXT, "Not known. None is a tensor that does not exist."),
)

PHASES: dict[Phase, str] = {
    Phase.BATCH: "The DataLoader handed out the next samples.",
    Phase.ZERO_GRAD: (
        "The gradients of the last iteration were thrown away. Without this, backward would add "
        "the new ones to them."
    ),
    Phase.FORWARD: (
        "The model computed its output from the batch, and autograd kept what backward needs."
    ),
    Phase.LOSS: "One number says how wrong the output is; training makes it smaller.",
    Phase.BACKWARD: (
        "Autograd went back from the loss through every layer and computed, for each weight, how "
        "the loss would change if that weight grew. The weights themselves stay as they are."
    ),
    Phase.CLIP: "Gradients that were too long were shortened, so that no step goes too far.",
    Phase.STEP: (
        "The optimizer moved every weight a little against its gradient. This is where learning "
        "happens."
    ),
    Phase.SCHEDULE: "A scheduler changed the learning rate for the steps to come.",
    Phase.UNSCALE: "Gradients were divided by the factor that mixed precision had put on them.",
    Phase.EVALUATE: "A forward from which nothing is learnt: under no_grad, or in eval mode.",
    Phase.MANUAL: "The script changed weights or gradients with its own arithmetic.",
}

WORDS: tuple[Entry, ...] = (
    Entry("iteration", Tone.TEXT, "From a batch to the optimizer step that learns from it."),
    Entry("epoch", Tone.TEXT, "One pass of the DataLoader over the data."),
    Entry("phase", Tone.TEXT, "A part of an iteration, in the order in which the script has them."),
    Entry("moment", Tone.TEXT, "Where a run can stop: at the end of a phase, or inside one."),
    *(Entry(f"  {phase.value}", tone_of(phase), text) for phase, text in PHASES.items()),
)
