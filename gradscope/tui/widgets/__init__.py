"""Widgets: one pane each; they fetch their size and colours and place what draw makes."""

from gradscope.tui.widgets.batch import BatchPane
from gradscope.tui.widgets.code import CodePane
from gradscope.tui.widgets.copies import Flip
from gradscope.tui.widgets.facts import FactsPane
from gradscope.tui.widgets.header import HeaderBar, HeaderInfo, StateKind
from gradscope.tui.widgets.layers import LayerTree
from gradscope.tui.widgets.loss import LossChart
from gradscope.tui.widgets.output import OutputPane
from gradscope.tui.widgets.pane import Pane, palette_of
from gradscope.tui.widgets.phases import PhaseBar
from gradscope.tui.widgets.tensor import TensorPane

__all__ = [
    "BatchPane",
    "CodePane",
    "FactsPane",
    "Flip",
    "HeaderBar",
    "HeaderInfo",
    "LayerTree",
    "LossChart",
    "OutputPane",
    "Pane",
    "PhaseBar",
    "StateKind",
    "TensorPane",
    "palette_of",
]
