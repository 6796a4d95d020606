"""Typed settings: one table per feature, from which form, validation, YAML, command line and docs follow."""

from __future__ import annotations

from typing import Any, ClassVar, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import UserError
from core.i18n import t


def setting(default: Any, *, advanced: bool = False, unit: str = "", widget: str = "", engine: str = "",
            step: float | None = None, choices: tuple[Any, ...] | None = None, when: str = "", **bounds: Any) -> Any:
    """One row of a settings table.

    Args:
        default: the only place where this default stands.
        advanced: shown under "More settings".
        unit: printed after the value ("tokens", "GB").
        widget: overrides the control that the type implies ("slider", "password", "hidden", "textarea"; "menu" is one
            whose choices the page fills in).
        engine: name of the argument of the library that receives the value.
        step: step of a slider.
        choices: allowed values, in order; labels are `<area>.<field>.choice.<value>` in the catalogue.
        when: the setting applies only so: "field=value|value", several joined by " & ". See `Settings.applies`.
        **bounds: pydantic's `ge`, `gt`, `le`, `lt`, `max_length`, `pattern`.
    """
    extra = {"advanced": advanced, "unit": unit, "widget": widget, "engine": engine, "step": step,
             "choices": list(choices) if choices else None, "when": when}
    return Field(default, json_schema_extra=extra, **bounds)


class Settings(BaseModel):
    """Base of every settings table. `area` prefixes its catalogue keys: `<area>.<field>.label` and `.help`."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    area: ClassVar[str] = ""

    @classmethod
    def applies(cls, name: str, values: dict[str, Any]) -> bool:
        """Whether a field means anything beside these values of the others; one that does not keeps its value unused.

        Conditions on what is no field of this table, or not among the values, are taken as met.
        """
        for condition in filter(None, cls.condition(name).split(" & ")):
            field, _, wanted = condition.partition("=")
            if field in cls.model_fields and field in values:
                if str(values[field]) not in wanted.split("|") or not cls.applies(field, values):
                    return False
        return True

    def effective(self) -> Self:
        """The same with defaults where a field does not apply: what it held there is of no effect."""
        values = self.model_dump()
        unused = {n: f.default for n, f in type(self).model_fields.items() if not self.applies(n, values)}
        return self.model_copy(update=unused)

    @classmethod
    def condition(cls, name: str) -> str:
        """The `when` of a field, "" without one."""
        extra = cls.model_fields[name].json_schema_extra
        return str(extra.get("when") or "") if isinstance(extra, dict) else ""

    @classmethod
    def load(cls, values: dict[str, Any]) -> Self:
        """Validates all fields at once. Raises UserError listing every fault, each with its field and remedy."""
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise InvalidSettings(cls, error) from None


class InvalidSettings(UserError):
    """All faults of a settings value; `faults` is a list of (field, pydantic message)."""

    def __init__(self, table: type[Settings], error: ValidationError) -> None:
        self.table = table
        self.faults = [(".".join(map(str, e["loc"])), e["type"], e.get("ctx") or {}, e["msg"]) for e in error.errors()]
        super().__init__("settings.error.invalid", faults="; ".join(f"{f[0]}: {f[3]}" for f in self.faults))

    def text(self, lang: str = "en") -> str:
        """One sentence that names every wrong field by its label and says which values are allowed."""
        return t("settings.error.invalid", lang, faults="; ".join(self._fault(lang, *fault) for fault in self.faults))

    def _fault(self, lang: str, field: str, kind: str, ctx: dict[str, Any], message: str) -> str:
        label = self._label(lang, field)
        bounds = {"greater_than_equal": ("≥", "ge"), "greater_than": (">", "gt"),
                  "less_than_equal": ("≤", "le"), "less_than": ("<", "lt")}
        if kind in bounds:
            sign, name = bounds[kind]
            return t("settings.fault.bound", lang, label=label, bound=f"{sign} {ctx[name]}")
        if kind == "too_long":
            return t("settings.fault.many", lang, label=label, count=ctx["max_length"])
        if kind == "missing":
            return t("settings.fault.missing", lang, label=label)
        if kind == "extra_forbidden":
            return t("settings.fault.unknown", lang, label=label)
        return t("settings.fault.other", lang, label=label, detail=message)

    def _label(self, lang: str, field: str) -> str:
        """What the form calls a field; of a list of tables with the number of the entry and its field."""
        name, _, inside = field.partition(".")
        if name not in self.table.model_fields:
            return field
        label = t(f"{self.table.area}.{name}.label", lang)
        number, _, part = inside.partition(".")
        if not number.isdigit():
            return label
        label = t("settings.fault.entry", lang, label=label, number=int(number) + 1)
        tables = [one for one in get_args(self.table.model_fields[name].annotation) if hasattr(one, "model_fields")]
        if any(part in one.model_fields for one in tables):
            part = t(f"{self.table.area}.{name}.{part}.label", lang)
        return t("settings.fault.part", lang, label=label, part=part) if part else label
