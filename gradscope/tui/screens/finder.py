"""The palette's commands: every action, and every command of the language, found by name."""

from collections.abc import Iterator
from functools import partial

from rich.markup import escape
from textual.command import DiscoveryHit, Hit, Hits, Provider

from gradscope.session.language import COMMANDS
from gradscope.tui.actions import all_actions

_MOST = 50
"""Hits shown at once; more would make typing slow."""
_MENTION = 0.1


class Finder(Provider):
    """Finds actions by label or help, and commands by name; an action stands before a command."""

    async def discover(self) -> Hits:
        """Offer everything while nothing is typed."""
        for name, text, call in _entries():
            yield DiscoveryHit(escape(name), partial(self.screen.run_action, call), help=text)

    async def search(self, query: str) -> Hits:
        """Offer what matches ``query`` by name, then what its help mentions."""
        matcher = self.matcher(query)
        scored = []
        for name, text, call in _entries():
            score = matcher.match(name) or _MENTION * (query.lower() in text.lower())
            if score > 0:
                scored.append((score, name, text, call))
        for score, name, text, call in sorted(scored, reverse=True)[:_MOST]:
            display = matcher.highlight(escape(name))
            yield Hit(score, display, partial(self.screen.run_action, call), help=text)


def _entries() -> Iterator[tuple[str, str, str]]:
    """Yield name, help and action of everything, as ``Screen.run_action`` takes it."""
    seen = set()
    for action in all_actions():
        seen.add(action.command)
        yield f"{action.label}  {action.key_names[0]}", action.help, action.call
    for command in COMMANDS:
        if command.name not in seen:
            call = f"prompt('command', {command.name + ' '!r})"
            yield f":{command.usage}", command.summary, call
