"""What every tab gets: the workspace, texts, guarded handlers, and ways to open another step."""

from __future__ import annotations

import functools
import html
import inspect
import logging
import secrets
import typing
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from core.errors import UserError
from core.i18n import t
from core.storage.workspace import Workspace
from webui.language import language_of

STEPS = ("documents", "qa", "dataset", "train", "compare", "ship", "settings")
log = logging.getLogger("doctune.web")


@dataclass(frozen=True)
class Call:
    """One call of a handler: whose page it is."""

    ws: Workspace
    lang: str
    request: gr.Request | None = None

    def t(self, key: str, **params: Any) -> str:
        """A catalogue text in this visitor's language."""
        return t(key, self.lang, **params)

    def say(self, message: dict[str, Any] | None) -> str:
        """The text of a stored message ``{"key", "params"}``; empty for None."""
        return self.t(message["key"], **message.get("params", {})) if message else ""


@dataclass
class Page:
    """The page under construction.

    Handlers registered with `on` have the form ``fn(call, *inputs)`` (or ``fn(call, {component: value})`` when inputs
    is a set) and may be generators. A UserError becomes a toast and changes nothing; any other exception becomes a
    toast with an id and a log entry.
    """

    ws: Workspace
    tr: gr.I18n
    tabs: gr.Tabs | None = None
    rail: dict[str, gr.Button] = field(default_factory=dict)
    refreshers: dict[str, list[tuple[Callable[..., Any], list[Any], list[Any], dict[str, Any]]]] = field(
        default_factory=dict)
    links: list[tuple[gr.Button, str]] = field(default_factory=list)

    def on(self, event: Callable[..., Any], fn: Callable[..., Any], inputs: Any = None, outputs: Any = None,
           **options: Any) -> Any:
        """Registers a guarded handler on an event such as ``button.click``."""
        hidden = {"show_progress": "hidden", "show_progress_on": []}  # [] also spares the browser each output's status
        options = ({} if "show_progress" in options else hidden) | {"api_visibility": "private"} | options
        return event(self.guarded(fn, inputs, outputs), inputs=inputs, outputs=outputs, **options)

    def on_open(self, step: str, fn: Callable[..., Any], outputs: list[Any], inputs: list[Any] | None = None,
                **options: Any) -> None:
        """`fn(call, *inputs)` fills these components whenever the step is opened, and at page load if it is first."""
        self.refreshers.setdefault(step, []).append((fn, inputs or [], outputs, options))

    def link(self, button: gr.Button, step: str) -> None:
        """Makes a button open another step."""
        self.links.append((button, step))

    def poll(self, fn: Callable[..., Any], outputs: list[Any], *, seconds: float = 2.0,
             inputs: Any = None, **options: Any) -> gr.Timer:
        """A timer, at first off, that calls `fn` while on; switch it with ``gr.Timer(active=…)`` as an output."""
        timer = gr.Timer(seconds, active=False)
        self.on(timer.tick, fn, inputs, [*outputs, timer], trigger_mode="once", **options)
        return timer

    def guarded(self, fn: Callable[..., Any], inputs: Any, outputs: Any) -> Callable[..., Any]:
        """Wraps `fn(call, *inputs)` into a Gradio handler that never shows a traceback."""
        count = len(outputs) if isinstance(outputs, Iterable) and not isinstance(outputs, gr.components.Component) \
            else int(outputs is not None)

        def unchanged() -> Any:
            return None if count == 0 else gr.skip() if count == 1 else tuple(gr.skip() for _ in range(count))

        if inspect.isgeneratorfunction(fn):
            @functools.wraps(fn)
            def stream(*values: Any) -> Iterator[Any]:
                *given, request = values
                try:
                    yield from fn(self._call(request), *given)
                except Exception as error:
                    self._toast(error, request)
                    yield unchanged()
            return _with_request(stream, fn, inputs)

        @functools.wraps(fn)
        def once(*values: Any) -> Any:
            *given, request = values
            try:
                return fn(self._call(request), *given)
            except Exception as error:
                self._toast(error, request)
                return unchanged()
        return _with_request(once, fn, inputs)

    def _call(self, request: gr.Request | None) -> Call:
        return Call(self.ws, language_of(request), request)

    def _toast(self, error: Exception, request: gr.Request | None) -> None:
        lang = language_of(request)
        if isinstance(error, UserError):
            gr.Warning(html.escape(error.text(lang)), duration=12, title=t("web.toast.title", lang))
            return
        number = secrets.token_hex(3)
        log.error("error %s", number, exc_info=error)
        gr.Warning(t("web.error.unknown", lang, id=number), duration=12, title=t("web.toast.title", lang))


def _with_request(wrapped: Callable[..., Any], fn: Callable[..., Any], inputs: Any) -> Callable[..., Any]:
    """Gives the wrapper the signature Gradio reads: its inputs, event data that `fn` asks for, then the request."""
    count = 1 if isinstance(inputs, set) else len(inputs) if isinstance(inputs, (list, tuple)) else int(
        inputs is not None)
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    hints = typing.get_type_hints(fn.func if isinstance(fn, functools.partial) else fn)
    events = {name: hint for name, hint in hints.items() if isinstance(hint, type) and issubclass(hint, gr.EventData)}
    names = [f"input_{n}" for n in range(count)] + list(events)
    if hasattr(wrapped, "__wrapped__"):
        del wrapped.__wrapped__
    wrapped.__signature__ = inspect.Signature([inspect.Parameter(n, kind) for n in [*names, "request"]])  # type: ignore
    wrapped.__annotations__ = {**events, "request": gr.Request}
    return wrapped
