"""What would keep a run from ending well, told before it starts: blockers stop it, doubts do not.

Everything comes from small files and counters, so a page can ask whenever a setting changes: heads of weight files,
the newest token counts (or the letters of the first rows), free memory and disk. torch is never imported.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from core.datasets import DatasetInfo, get_dataset
from core.errors import UserError
from core.llm.secrets import load_key
from core.models import resolve
from core.storage import Workspace
from core.training import board, kernels, lengths, low_rank, machine, memory, methods, scale, stages
from core.training.hardware import Device, needs_checkpointing
from core.training.measured import last_measured
from core.training.monitors import installed
from core.training.notice import SWANLAB, is_possible
from core.training.runs import needed_bytes
from core.training.settings import TrainSettings

FEW_STEPS = 30
"""Optimiser steps below which hardly anything is learned."""
SURELY, PERHAPS = 1.15, 0.9
"""Memory is a blocker when the estimate, known to 15 %, exceeds what is free by this factor, and a doubt above this
share of it."""
_SMALLEST_CUTOFF = 64


@dataclass(frozen=True)
class Finding:
    """One thing to know: an entry of the catalogue.

    Attributes:
        change: settings that would mend it, ready to be applied; empty when no setting would.
    """

    grade: Literal["blocker", "doubt"]
    key: str
    params: dict[str, Any] = field(default_factory=dict)
    change: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """What was found, blockers first.

    Attributes:
        steps: optimiser steps of the run; 0 when unknown.
        need, free: bytes of memory the run takes, the program included, and bytes it could have now.
        disk: bytes of checkpoints and adapter.
        seconds: of the run as measured with three steps, else of the training from the last run with this model; None
            without either.
        measured: it was measured with three steps of this very run.
    """

    findings: tuple[Finding, ...] = ()
    steps: int = 0
    need: int = 0
    free: int = 0
    disk: int = 0
    seconds: float | None = None
    measured: bool = False
    parts: memory.Estimate | None = None

    @property
    def blockers(self) -> tuple[Finding, ...]:
        """Those that stop the run."""
        return tuple(found for found in self.findings if found.grade == "blocker")


def require(ws: Workspace, settings: TrainSettings) -> None:
    """Raises UserError with the first blocker of a run, if there is one."""
    for found in check(ws, settings).blockers:
        raise UserError(found.key, **found.params)


def check(ws: Workspace, settings: TrainSettings) -> Report:
    """Looks at everything that can be known before a run."""
    settings = settings.effective()
    try:
        methods.check(settings)
        folder = resolve(ws, settings.model)
        info = get_dataset(ws, settings.dataset)
        shape = memory.read_shape(folder)
        stages.check_rows(ws, settings)
    except UserError as error:
        return Report((Finding("blocker", error.key, error.params),))
    found = _model(folder, settings) + _machine(ws, settings) + _kernels(folder, settings)
    known = lengths.known(ws, info, settings)
    if not known.lengths:
        return Report((*found, Finding("blocker", "train.error.no_rows")))
    found += _rows(known, settings)
    batch = heaviest(known.every, settings.batch_size, known.answers,
                     settings.stage == "sft" and settings.prompt_loss_weight > 0, known.opening)
    here = machine.look(ws)
    found += _scale(settings, here)
    parts, need = needed(shape, batch, settings, here)
    found += _memory(shape, batch, settings, here, need)
    steps = known.steps(settings)
    found += _steps(steps, settings)
    disk = disk_bytes(shape, settings, folder)
    if here.disk_free < disk + machine.DISK_RESERVE:
        found.append(Finding("blocker", "train.preflight.disk", {"need": machine.gigabytes(disk),
                                                                 "free": machine.gigabytes(here.disk_free)}))
    found.sort(key=lambda one: one.grade)
    tried = last_measured(ws, settings)
    seconds = tried.seconds(steps) if tried else _seconds(ws, info, known, settings)
    return Report(tuple(found), steps, need, here.free, disk, seconds, tried is not None, parts)


def heaviest(every: list[int], batch_size: int, answers: float, learns_questions: bool, opening: int = 0
             ) -> memory.Batch:
    """The batch of the longest rows.

    Args:
        every: tokens of each row, as cut.
        answers: share of the tokens that stand in answers.
        learns_questions: whether the words of questions are scored, too.
        opening: tokens that all rows begin with, which are not scored and computed once.
    """
    longest = sorted(every)[-batch_size:]
    tokens = sum(longest)
    scored = round(tokens * answers)
    asked = max(0, tokens - scored - opening * len(longest)) if learns_questions else 0
    return memory.Batch(len(longest), longest[-1], tokens - opening * (len(longest) - 1), scored, asked,
                        memory.sizes(every, batch_size, opening))


def needed(shape: memory.ModelShape, batch: memory.Batch, settings: TrainSettings, here: machine.Machine
           ) -> tuple[memory.Estimate, int]:
    """(parts, bytes with the program itself), computed twice where the trainer will do so for lack of memory."""
    split = _in_parts(settings, here.card)
    twice = settings.method != "prefix" and needs_checkpointing(
        shape, *memory.at_once(batch.rows, batch.width, split), _device(here))
    plan = plan_of(shape, settings, here.card, twice)
    if settings.stage not in ("sft", "pt"):  # a better and a worse answer, or several tries
        batch = replace(batch, rows=2 * batch.rows, tokens=2 * batch.tokens, answers=2 * batch.answers)
    parts = memory.estimate(shape, batch, plan)
    copies = 1 if here.card or not settings.is_launched else settings.processes  # processors share one memory
    return parts, copies * (parts.total + here.program)


def _in_parts(settings: TrainSettings, card: bool) -> bool:
    """Whether the trainer computes a batch in parts."""
    return not card and settings.stage in ("sft", "pt") and settings.quantization != "8bit"


def _device(here: machine.Machine) -> Device:
    return Device("cuda" if here.card else "cpu", "bfloat16" if here.card else "float32", here.free)


def plan_of(shape: memory.ModelShape, settings: TrainSettings, card: bool, twice: bool) -> memory.Plan:
    """How the trainer computes with such settings.

    Args:
        card: on a graphics card; twice: with checkpointing.
    """
    wide = 2 if card else memory.SINGLE
    weight = {"8bit": 1.1, "4bit": 0.65}.get(settings.quantization, wide)  # with their scales
    moments = _moments(shape, settings)
    trained: int | None = None
    if settings.method == "full":
        trained = shape.parameters
    elif settings.method == "freeze":
        inside = sum(inputs * outputs for inputs, outputs in shape.linear)
        trained = inside * settings.trained_layers // max(1, shape.num_hidden_layers)
    elif settings.method != "lora":
        trained = shape.adapter(1)
    return memory.Plan(settings.lora_rank if settings.method == "lora" else 1, trained, not settings.trains_whole,
                       moments, memory.SINGLE if settings.trains_whole else weight, wide, twice,
                       settings.gradient_accumulation, 1.0 if card or twice else memory.HOLES,
                       _in_parts(settings, card), card or settings.method == "full")


def _moments(shape: memory.ModelShape, settings: TrainSettings) -> float:
    """Bytes that the optimiser keeps for each number that is trained."""
    if settings.optimizer not in low_rank.PACKAGES:
        return {"adamw": 8.0, "adafactor": 0.1}.get(settings.optimizer, 2.1)
    # Of a linear layer two moments of its longer side, and a projection of the shorter one; all else as AdamW.
    kept = sum(min(settings.projection_rank, *sides) * (2 * max(sides) + min(sides)) for sides in shape.linear)
    inside = sum(inputs * outputs for inputs, outputs in shape.linear)
    return memory.SINGLE * (kept + 2 * (shape.parameters - inside)) / max(1, shape.parameters)


def disk_bytes(shape: memory.ModelShape, settings: TrainSettings, folder: Path) -> int:
    """Bytes of two checkpoints with the optimiser's moments, a third while it is written, and the result."""
    if settings.trains_whole:
        return needed_bytes(settings, folder)
    adapter = shape.adapter(settings.lora_rank if settings.method == "lora" else 1) * memory.SINGLE
    return 3 * 3 * adapter + adapter + 20_000_000


def _model(folder: Path, settings: TrainSettings) -> list[Finding]:
    if settings.stage != "pt" and not machine.has_template(folder):
        return [Finding("blocker", "models.error.no_chat_template")]
    return []


def _machine(ws: Workspace, settings: TrainSettings) -> list[Finding]:
    hidden = machine.hidden_card()
    found = [Finding("doubt", hidden)] if hidden else []
    if settings.swanlab == "cloud" and not load_key(ws, SWANLAB):
        found.append(Finding("blocker", "train.preflight.no_key", change={"swanlab": "local"}))
    if settings.notice and not is_possible(ws):
        found.append(Finding("doubt", "train.preflight.no_notice", change={"notice": False}))
    if settings.swanlab == "local" and installed("swanlab") and not installed(board.PACKAGE):
        found.append(Finding("doubt", "train.error.no_board"))
    for wanted, module, name in ((settings.tensorboard, "tensorboard", "TensorBoard"), (settings.wandb, "wandb", "W&B"),
                                 (settings.swanlab != "off", "swanlab", "SwanLab")):
        if wanted and not installed(module):
            found.append(Finding("doubt", "train.preflight.no_monitor", {"name": name, "package": module}))
    return found


def _scale(settings: TrainSettings, here: machine.Machine) -> list[Finding]:
    return [Finding("blocker" if grade == "blocker" else "doubt", key, params, change)
            for grade, key, params, change in scale.concerns(settings, machine.cards() if here.card else 0)]


def _kernels(folder: Path, settings: TrainSettings) -> list[Finding]:
    reason = kernels.why_not(settings, kernels.type_of(folder), machine.has_card())
    return [Finding("doubt", reason.key, reason.params, {"kernels": "none"})] if reason else []


def _rows(known: lengths.Lengths, settings: TrainSettings) -> list[Finding]:
    found = []
    cut, dropped = known.cut(settings.cutoff_len), known.dropped(settings.cutoff_len)
    if dropped >= known.rows:
        return [Finding("blocker", "train.error.no_rows", change={"cutoff_len": known.enough})]
    if dropped:
        found.append(Finding("doubt", "train.preflight.dropped", {"rows": dropped, "cutoff": settings.cutoff_len},
                             {"cutoff_len": known.enough}))
    elif cut:
        found.append(Finding("doubt", "train.preflight.cut", {"rows": cut, "cutoff": settings.cutoff_len},
                             {"cutoff_len": known.enough}))
    return found


def _steps(steps: int, settings: TrainSettings) -> list[Finding]:
    if steps >= FEW_STEPS:
        return []
    change: dict[str, Any] = {}
    if settings.gradient_accumulation > 1:
        change = {"gradient_accumulation": 1}
    elif settings.batch_size > 1:
        change = {"batch_size": max(1, min(settings.batch_size // 2, settings.batch_size * steps // FEW_STEPS))}
    return [Finding("doubt", "train.preflight.few_steps", {"steps": steps}, change)]


def _memory(shape: memory.ModelShape, batch: memory.Batch, settings: TrainSettings, here: machine.Machine,
            need: int) -> list[Finding]:
    if need <= PERHAPS * here.free:
        return []
    change = fitting(shape, batch, settings, here)
    sizes = {"need": machine.gigabytes(need), "free": machine.gigabytes(here.free)}
    # What the answers of other stages take is known less well.
    surely = need > SURELY * here.free and settings.stage in ("sft", "pt")
    key = ("no_memory" if surely else "little_memory") + ("" if change else "_model")
    return [Finding("blocker" if surely else "doubt", f"train.preflight.{key}", sizes, change)]


def fitting(shape: memory.ModelShape, batch: memory.Batch, settings: TrainSettings, here: machine.Machine
            ) -> dict[str, Any]:
    """The one change that makes the run fit: fewer rows at once with the same step, else shorter rows; else nothing."""
    rows, added = settings.batch_size, settings.gradient_accumulation
    while rows > 1:
        rows, added = -(-rows // 2), added * 2
        tried = settings.model_copy(update={"batch_size": rows, "gradient_accumulation": added})
        if needed(shape, memory.fewer_rows(batch, min(rows, batch.rows)), tried, here)[1] <= PERHAPS * here.free:
            return {"batch_size": rows, "gradient_accumulation": min(added, 256)}
    width = 1 << max(0, batch.width - 1).bit_length() - 1
    while width >= _SMALLEST_CUTOFF:
        if needed(shape, memory.shorter(batch, width), settings, here)[1] <= PERHAPS * here.free:
            return {"cutoff_len": width}
        width //= 2
    return {}


def _seconds(ws: Workspace, info: DatasetInfo, known: lengths.Lengths, settings: TrainSettings) -> float | None:
    speed = machine.last_speed(ws, settings.model)
    return known.tokens(settings) * settings.epochs / speed if speed else None


