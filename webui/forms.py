"""A form from a settings table: the controls, their texts, "More settings · N changed", and reading them back."""

from __future__ import annotations

import typing
from dataclasses import dataclass, field
from types import UnionType
from typing import Any, Generic, TypeVar

import gradio as gr

from core.settings import Settings
from webui.page import Call, Page

S = TypeVar("S", bound=Settings)


def _scalar_type(annotation: Any) -> Any:
    """The one type behind `X | None` or `Literal[…]`."""
    if typing.get_origin(annotation) in (typing.Union, UnionType):
        return next(a for a in typing.get_args(annotation) if a is not type(None))
    return annotation


@dataclass
class Form(Generic[S]):
    """The controls of one settings table.

    Fields with widget "hidden" get no control: the tab supplies them to `read` (a model picked elsewhere, say).
    """

    page: Page
    table: type[S]
    skip: tuple[str, ...] = ()
    controls: dict[str, Any] = field(default_factory=dict)
    folds: dict[str, gr.Accordion] = field(default_factory=dict)
    more: gr.Accordion | None = None

    @classmethod
    def build(cls, page: Page, table: type[S], *, skip: tuple[str, ...] = (), apart: tuple[str, ...] = ()) -> Form[S]:
        """Renders simple fields in place and advanced ones under an accordion that counts the changes.

        Args:
            skip: fields without a control here.
            apart: advanced fields that stand above it, each in a folded line of its own (`<area>.<field>.fold`).
        """
        form = cls(page, table, skip)
        shown = [n for n, f in table.model_fields.items()
                 if n not in skip and _extra(f).get("widget") != "hidden"]
        simple = [n for n in shown if not _extra(table.model_fields[n]).get("advanced")]
        for name in simple:
            form.controls[name] = form._control(name)
        for name in apart:
            form._fold(name)
        advanced = [n for n in shown if n not in simple and n not in apart]
        if advanced:
            with gr.Accordion(page.tr("form.more"), open=False) as form.more:
                for name in advanced:
                    form.controls[name] = form._control(name)
            for name in advanced:
                page.on(form.controls[name].change, form._count_changed, form.inputs, form.more)
        form._follow()
        return form

    def add(self, *names: str) -> None:
        """Renders controls where the caller stands, for forms that are laid out by hand."""
        for name in names:
            self.controls[name] = self._control(name)

    @property
    def inputs(self) -> set[Any]:
        """The controls, to be passed as `inputs` (join with others by ``|``)."""
        return set(self.controls.values())

    def read(self, values: dict[Any, Any], **hidden: Any) -> S:
        """The settings typed by the person. Raises InvalidSettings naming every wrong field."""
        typed = {name: values[control] for name, control in self.controls.items() if control in values}
        clean = {name: self._clean(name, value) for name, value in typed.items()}
        return self.table.load({**{n: v for n, v in clean.items() if v is not _UNSET}, **hidden})

    def fill(self, settings: S) -> list[Any]:
        """Updates that put `settings` into the controls, in the order of `controls`."""
        def shown(name: str) -> Any:
            value = getattr(settings, name)
            return None if value == "" and isinstance(self.controls[name], gr.Dropdown) else value  # "" is no choice

        return [gr.update(value=shown(name)) for name in self.controls]

    def _follow(self) -> None:
        """Controls whose setting depends on others come and go with these."""
        hanging = [name for name in self.controls if self.table.condition(name)]
        asked = {part.partition("=")[0] for one in hanging for part in self.table.condition(one).split(" & ")}
        steering = [name for name in self.controls if name in asked]
        for name in steering:
            self.page.on(self.controls[name].change, self._show, {self.controls[one] for one in steering},
                         [self.folds.get(one, self.controls[one]) for one in hanging])

    def _fold(self, name: str) -> None:
        """A field in a folded line of its own, which tells whether something was entered."""
        key = f"{self.table.area}.{name}.fold"

        def told(call: Call, value: Any) -> Any:
            filled = value != self.table.model_fields[name].default
            return gr.update(label=call.t("form.filled", label=call.t(key)) if filled else call.t(key))

        with gr.Accordion(self.page.tr(key), open=False, visible=self.table.applies(name, self._defaults()),
                          elem_id=f"{self.table.area}-{name}-fold") as self.folds[name]:
            self.controls[name] = self._control(name)
        self.page.on(self.controls[name].change, told, self.controls[name], self.folds[name])

    def _show(self, call: Call, values: dict[Any, Any]) -> list[Any]:
        by_name = self._by_name(values)
        updates = [gr.update(visible=self.table.applies(name, by_name))
                   for name in self.controls if self.table.condition(name)]
        return updates if len(updates) > 1 else updates[0]

    def _by_name(self, values: dict[Any, Any]) -> dict[str, Any]:
        return {name: values[control] for name, control in self.controls.items() if control in values}

    def _count_changed(self, call: Call, values: dict[Any, Any]) -> Any:
        by_name = self._by_name(values)
        changed = sum(v != self.table.model_fields[n].default for n, v in by_name.items()
                      if _extra(self.table.model_fields[n]).get("advanced") and n not in self.folds
                      and self.table.applies(n, by_name))
        return gr.update(label=call.t("form.more_changed", count=changed) if changed else call.t("form.more"))

    def _clean(self, name: str, value: Any) -> Any:
        kind = _scalar_type(self.table.model_fields[name].annotation)
        if value is None or value == "":
            return value if kind is str and value == "" else _UNSET
        if kind is int and isinstance(value, float) and value.is_integer():
            return int(value)
        return value

    def _control(self, name: str) -> Any:
        info, extra = self.table.model_fields[name], _extra(self.table.model_fields[name])
        area, tr = self.table.area, self.page.tr
        common = {"label": tr(f"{area}.{name}.label"), "info": tr(f"{area}.{name}.help"), "value": info.default,
                  "interactive": True, "elem_id": f"{area}-{name}",
                  "visible": name in self.folds or self.table.applies(name, self._defaults())}
        kind = _scalar_type(info.annotation)
        if extra.get("choices"):
            pairs = [(tr(f"{area}.{name}.choice.{c}"), c) for c in extra["choices"]]
            return gr.Radio(pairs, **common) if len(pairs) <= 3 else gr.Dropdown(pairs, **common)
        if extra.get("widget") == "menu":
            return gr.Dropdown([], **common | {"value": info.default or None})
        if kind is bool:
            return gr.Checkbox(**common)
        if kind in (int, float):
            return self._number(kind, info, extra, common)
        return gr.Textbox(type="password" if extra.get("widget") == "password" else "text",
                          lines=4 if extra.get("widget") == "textarea" else 1, **common)

    def _defaults(self) -> dict[str, Any]:
        """The values that the steering controls begin with; those without a control are not known here."""
        return {n: f.default for n, f in self.table.model_fields.items()
                if n not in self.skip and _extra(f).get("widget") != "hidden"}

    def _number(self, kind: type, info: Any, extra: dict[str, Any], common: dict[str, Any]) -> Any:
        low, high = (_bound(info, "ge", "gt"), _bound(info, "le", "lt"))
        if extra.get("widget") == "slider" and low is not None and high is not None:
            return gr.Slider(low, high, step=extra.get("step") or (1 if kind is int else 0.01), **common)
        return gr.Number(precision=0 if kind is int else None, step=extra.get("step") or 1, **common)


_UNSET = object()


def _extra(info: Any) -> dict[str, Any]:
    return info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}


def _bound(info: Any, *names: str) -> float | None:
    for constraint in info.metadata:
        for name in names:
            if hasattr(constraint, name):
                return getattr(constraint, name)
    return None
