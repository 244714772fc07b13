"""Forwards: modules returning, the outermost of which ends the phase."""

import weakref
from typing import Any

import torch
from torch import nn
from torch.nn.modules import module as torch_modules
from torch.utils.hooks import RemovableHandle

from gradscope.capture.arrays import is_readable
from gradscope.capture.arrivals import Arrivals
from gradscope.capture.measuring import measure_all
from gradscope.capture.outputs import first_tensor
from gradscope.capture.patches import Patches
from gradscope.capture.previews import preview
from gradscope.capture.quiet import quiet
from gradscope.capture.reporter import Content
from gradscope.capture.roots import Roots
from gradscope.capture.tracker import Tracker
from gradscope.core.events import Inside
from gradscope.core.words import Detail, Phase, Role


class Forwards:
    """Watches every module's forward through torch's global hooks."""

    def __init__(self, tracker: Tracker, arrivals: Arrivals) -> None:
        self._tracker = tracker
        self._arrivals = arrivals
        self._roots = Roots(tracker)
        self._stack: list[nn.Module] = []
        self._root: nn.Module | None = None
        self._root_depth = 0
        self._direct: nn.Module | None = None
        self._names: dict[str, None] = {}
        self._inputs: Any = ()
        """What the model was given, where no DataLoader has shown it."""
        self._phase = Phase.FORWARD
        self._start = 0.0
        self._iteration = 0
        self._handles: list[RemovableHandle] = []

    def install(self, patches: Patches) -> None:
        """Set the hooks."""
        guard = self._tracker.reporter.guard

        def before(module: nn.Module, args: Any) -> None:
            if not torch.compiler.is_compiling():
                guard(self._enter, module, args)

        def after(module: nn.Module, _args: Any, output: Any) -> None:
            if not torch.compiler.is_compiling():
                guard(self._leave, module, output)

        self._tracker.reset_forwards = self.reset
        self._handles = [
            torch_modules.register_module_forward_pre_hook(before),
            torch_modules.register_module_forward_hook(after, always_call=True),
        ]

        if hasattr(torch_modules, "_has_any_global_hook"):
            patches.replace(torch_modules, "_has_any_global_hook", self._others_have_hooks)

    def _others_have_hooks(self) -> bool:
        """Answer torch.compile, which warns of global hooks: ours need no warning."""
        ours = {handle.id for handle in self._handles}
        names = [name for name in vars(torch_modules) if name.startswith("_global_")]
        hooks = [vars(torch_modules)[name] for name in names]
        return any(set(found) - ours for found in hooks if isinstance(found, dict))

    def remove(self) -> None:
        """Take the hooks off."""
        for handle in self._handles:
            handle.remove()

    def reset(self) -> None:
        """Forget forwards that an exception has ended unseen."""
        self._stack.clear()
        self._root = self._direct = None
        self._inputs = ()
        self._tracker.in_model = False

    def _enter(self, module: nn.Module, args: Any) -> None:
        tracker = self._tracker
        if tracker.in_backward or tracker.reporter.deaf:
            return
        self._stack.append(module)
        if self._root is None and self._roots.has_parameters(module):
            self._root, self._root_depth = module, len(self._stack)
            tracker.in_model = True
            self._inputs = () if tracker.loops.driving else args
            self._begin(module)

    def _leave(self, module: nn.Module, output: Any) -> None:
        tracker = self._tracker
        if tracker.in_backward or tracker.reporter.deaf or module not in self._stack:
            return
        while self._stack.pop() is not module:
            pass
        if self._root is None:
            return
        is_root = len(self._stack) < self._root_depth
        if is_root:
            self._root = None
            tracker.in_model = False
        if output is None:
            return
        self._returned(module, output, is_root=is_root)

    def _returned(self, module: nn.Module, output: Any, *, is_root: bool) -> None:
        """A module inside a model has returned, or the model itself."""
        tensor, name = first_tensor(output), self._roots.name(module)
        if tensor is not None and tensor.grad_fn is not None and name is not None:
            self._arrivals.hook_output(name, tensor)
        if is_root and self._direct is None:
            if name is not None and self._tracker.reporter.close:
                self._hold(name, tensor)
            self._end()
        elif name is not None:
            self._report_inside(name, tensor)

    def _begin(self, module: nn.Module) -> None:
        """The outermost module with parameters begins its forward."""
        tracker = self._tracker
        with tracker.clock.aside():
            container = self._roots.find(module)
        continues = container is not None and self._direct is container
        self._direct = container
        if continues:
            return
        records = torch.is_grad_enabled()
        learns = records and (module.training or module in tracker.trains_in_eval)
        tracker.evaluated = weakref.ref(module) if records and not learns else None
        self._phase = Phase.FORWARD if learns else Phase.EVALUATE
        tracker.loops.used_for(training=learns)
        if learns:
            tracker.begin_work()
        else:
            tracker.settle()
        if self._iteration != tracker.timeline.iteration:
            self._iteration = tracker.timeline.iteration
            tracker.activations.clear()
        self._names.clear()
        self._start = tracker.clock.now()
        if container is not None:
            tracker.finish_forward = self._end

    def _hold(self, name: str, tensor: torch.Tensor | None) -> None:
        tracker = self._tracker
        if tensor is not None and is_readable(tensor):
            self._names[name] = None
            with tracker.clock.aside(), quiet():
                tracker.activations.hold(name, tensor)

    def _report_inside(self, name: str, tensor: torch.Tensor | None) -> None:
        tracker, reporter = self._tracker, self._tracker.reporter
        detail = reporter.look(self._phase, Inside("forward", name))
        if reporter.close or detail is Detail.FULL:
            self._hold(name, tensor)
        if detail is None:
            return
        with quiet():
            outputs = [] if tensor is None else [(name, tensor)]
            found = measure_all(Role.ACTIVATION, outputs, detail)
            tracker.phases.complete(found, detail)
        reporter.send(self._phase, detail, self._start, Content(measurements=found))

    def _end(self) -> None:
        """The model has returned."""
        tracker = self._tracker
        self._direct = None
        tracker.tally.forwards += 1

        inputs, self._inputs = self._inputs, ()

        def describe(detail: Detail) -> Content:
            if detail is not Detail.FULL:
                return Content()
            outputs = [(n, t) for n, t in tracker.activations.items() if n in self._names]
            found = measure_all(Role.ACTIVATION, outputs, detail)
            return Content(measurements=found, batch=preview(_named(inputs)))

        if tracker.phases.end(self._phase, self._start, describe) is not Detail.FULL:
            tracker.activations.clear()


def _named(inputs: tuple[Any, ...]) -> dict[str, Any]:
    """Return a model's positional inputs as a batch with named fields."""
    if len(inputs) == 1:
        return {"input": inputs[0]}
    return {f"input {place}": value for place, value in enumerate(inputs)}
