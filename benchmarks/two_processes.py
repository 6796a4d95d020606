"""Do two processes learn what one learns? python -m benchmarks.two_processes [--steps 6] [--model FOLDER]

Trains the same rows three times in a workspace of its own: in one process, in two with a copy of the model each (DDP),
and in two with a half of it each (FSDP). Prints the loss of every step and the largest difference; bound: 1e-3.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from core import jobs
from core.storage import Workspace
from core.training import TrainSettings, curves, start_run
from core.training.runs import divided
from tests.fakes import tiny_run

BOUND = 1e-3
STRATEGIES = ("single", "ddp", "fsdp")
_WAIT_S = 3600


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=6, help="steps, five to a pass over the rows")
    parser.add_argument("--model", default="", help="model folder; the tiny random model of the tests without it")
    parser.add_argument("--method", default="lora", help="lora, full or freeze")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["DOCTUNE_HOME"] = home
        ws = Workspace.default()
        one = tiny_run.settings(ws, method=given.method, epochs=-(-given.steps // 5), lora_dropout=0.0,
                                **({"model": str(Path(given.model).resolve())} if given.model else {}))
        found = {name: trained(ws, one, name) for name in STRATEGIES}
    print("step  " + "  ".join(f"{name:>10}" for name in STRATEGIES))
    for step, row in enumerate(zip(*found.values(), strict=True), 1):
        print(f"{step:4}  " + "  ".join(f"{loss:10.6f}" for loss in row))
    worst = {name: max(abs(a - b) for a, b in zip(found["single"], found[name], strict=True))
             for name in STRATEGIES[1:]}
    for name, apart in worst.items():
        print(f"{name}: largest difference {apart:.1e} ({'within' if apart < BOUND else 'beyond'} {BOUND:.0e})")
    return int(max(worst.values()) >= BOUND)


def trained(ws: Workspace, one: TrainSettings, strategy: str) -> list[float]:
    """The losses of a run."""
    chosen = one if strategy == "single" else divided(one, 2).model_copy(update={"strategy": strategy})
    run = start_run(ws, chosen, title=strategy)
    ended = jobs.wait(ws, run.id, _WAIT_S)
    if ended.state is not jobs.JobState.DONE:
        sys.exit(f"{strategy}: {ended.state.value} {ended.error}\n{jobs.log_tail(ws, run.id, 40)}")
    return [loss for _, loss in curves(ws, run.id).train]


if __name__ == "__main__":
    sys.exit(main())
