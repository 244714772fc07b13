"""Textual themes made from a palette, and the variables that style sheets may use."""

from textual.theme import Theme

from gradscope.tui.draw.palette import ColourMode, Palette, Tone

DARK_NAME = "gradscope-dark"
LIGHT_NAME = "gradscope-light"


def _css(palette: Palette, tone: Tone) -> str:
    name = palette.name(tone)
    if palette.mode is ColourMode.ANSI and tone in {Tone.EDGE, Tone.RULE, Tone.FAINT}:
        name = "bright_black"
    return name if name.startswith("#") else f"ansi_{name}"


def theme_variables(palette: Palette) -> dict[str, str]:
    """Return a style sheet variable for each tone (``$weight``, ``$dim``…) and Textual's own.

    Meant for ``App.get_theme_variable_defaults`` as well, so that the style sheets still parse
    under a theme that is not ours.
    """
    variables = {tone.value: _css(palette, tone) for tone in Tone if tone.value not in _TEXTUAL}
    panel, select = _css(palette, Tone.PANEL), _css(palette, Tone.SELECT)
    text, hot, dim = (_css(palette, tone) for tone in (Tone.TEXT, Tone.HOT, Tone.DIM))
    marked = "none" if palette.blends else "reverse"
    ground, ink = ("ansi_black", "ansi_white") if palette.dark else ("ansi_white", "ansi_black")
    return variables | {
        "ansi-background": ground,
        "ansi-foreground": ink,
        "footer-background": panel,
        "footer-foreground": dim,
        "footer-key-foreground": text,
        "footer-key-background": panel,
        "footer-description-foreground": dim,
        "footer-description-background": panel,
        "footer-item-background": panel,
        "block-cursor-background": select,
        "block-cursor-foreground": hot,
        "block-cursor-text-style": marked,
        "block-cursor-blurred-background": select,
        "block-cursor-blurred-foreground": text,
        "block-cursor-blurred-text-style": marked,
        "block-hover-background": panel,
        "scrollbar": _css(palette, Tone.EDGE),
        "scrollbar-hover": dim,
        "scrollbar-active": dim,
        "scrollbar-background": _css(palette, Tone.GROUND),
        "scrollbar-background-hover": _css(palette, Tone.GROUND),
        "scrollbar-background-active": _css(palette, Tone.GROUND),
        "scrollbar-corner-color": _css(palette, Tone.GROUND),
        "border": dim,
        "border-blurred": _css(palette, Tone.EDGE),
        "input-cursor-background": text,
        "input-cursor-foreground": _css(palette, Tone.GROUND),
        "input-selection-background": select,
    }


_TEXTUAL = frozenset({"panel", "text", "error"})


def theme(palette: Palette) -> Theme:
    """Return the theme of ``palette``, named ``gradscope-dark`` or ``gradscope-light``.

    In 16 colours and in none it is one of Textual's native ANSI themes, which leave colours to
    the terminal and keep its own default colours.
    """
    return Theme(
        name=DARK_NAME if palette.dark else LIGHT_NAME,
        primary=_css(palette, Tone.WEIGHT),
        secondary=_css(palette, Tone.DIM),
        accent=_css(palette, Tone.LOSS),
        foreground=_css(palette, Tone.TEXT),
        background=_css(palette, Tone.GROUND),
        surface=_css(palette, Tone.GROUND),
        panel=_css(palette, Tone.PANEL),
        success=_css(palette, Tone.OK),
        warning=_css(palette, Tone.WARN),
        error=_css(palette, Tone.ERROR),
        dark=palette.dark,
        variables=theme_variables(palette),
        ansi=not palette.blends,
    )
