"""How much memory a run will need, from the model's files alone: nothing is loaded, so a page can ask.

The peak is at the start of the backward pass of a step that is not the first. Then there are in memory

- the weights, in the numbers they are computed in;
- the trainable weights with their two moments of AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101), in single
  precision; their gradients only when several batches are added up or they are larger than the activations, because
  they are freed before each forward pass and come back while the activations go;
- the activations. Korthikanti et al. 2022 (arXiv:2205.05198, section 4.1) count what each operation of a layer keeps
  for its backward pass; here the base is frozen, so a linear layer keeps its input for the adapter alone, and attention
  is fused, so its scores are not kept (Dao et al. 2022, arXiv:2205.14135). Per layer and token these are: the inputs
  and outputs of both norms (4 × hidden), queries, keys, values and their result (4 × heads × head size), gate, its
  activation, up and their product (4 × intermediate), and the adapter's inner vectors (rank × linear layers). With
  checkpointing (Chen et al. 2016, arXiv:1604.06174) only the input of each layer stays, and one layer at a time is
  computed again;
- the scores of the vocabulary where a token is predicted. Where the output matrix learns or on a card these are
  their logarithmic softmax, which cross entropy keeps, and twice as much for the gradients through it; elsewhere loss
  and gradient are made for a few tokens at a time, and nothing is kept;
- on a processor the code that oneDNN makes for each number of tokens and each kind of product (measured, 0.63 MB).

On a processor a batch is computed in parts of short sequences, or of one longer row; elsewhere at once.

On a processor the activations take `HOLES` times as much: they are made in turn with short-lived results, and the C
library's heap keeps the holes between them (measured; with every large array in a mapping of its own the sum above is
met, at a quarter more processor time).

`docs/memory.md` has the figures, `benchmarks/memory_estimate.py` compares with what is measured.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.errors import UserError
from core.storage import read_json

SINGLE = 4
"""Bytes of a single-precision number."""
LONGEST_MERGED = 512
"""Tokens up to which rows are one sequence without padding (`side_by_side.LONGEST`, which needs torch)."""
AT_ONCE = 1024
"""Predicted tokens that are scored at once where the scores are kept (`answer_loss.AT_ONCE`)."""
FEW = 256
"""Predicted tokens that are scored at once where the output matrix does not learn (`answer_loss.FEW`)."""
EVEN = 16
"""Numbers of tokens are multiples of this (`products.EVEN`)."""
CODE = 630_000
"""Bytes of code for a kind of product with a number of tokens: measured, the same for products of all sizes."""
SIZES = 16
"""Numbers of tokens that are computed at once in a run whose rows are not known yet."""
HOLES = 1.7
_MAX_HEADER = 100_000_000
_NOT_LINEAR = ("embed", "lm_head", "wte", "wpe", "norm")


@dataclass(frozen=True)
class ModelShape:
    """What the memory of a model depends on; the names are those of its config.json.

    Attributes:
        parameters: numbers in its weight files.
        linear: for each linear layer (inputs, outputs), the output matrix left out.
    """

    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    head_dim: int
    vocab_size: int
    parameters: int
    linear: tuple[tuple[int, int], ...]

    def adapter(self, rank: int) -> int:
        """Numbers of a LoRA adapter of this rank on all linear layers."""
        return rank * sum(inputs + outputs for inputs, outputs in self.linear)


@dataclass(frozen=True)
class Batch:
    """The heaviest batch of a run: `rows` rows padded to `width` tokens, `tokens` without padding.

    `answers` of the tokens are predicted as answers, `questions` as words of questions; the rest is not scored.
    `sizes` are the different numbers of tokens that are computed at once in a run.
    """

    rows: int
    width: int
    tokens: int
    answers: int
    questions: int
    sizes: int = SIZES

    def computed(self, split: bool) -> int:
        """Tokens that pass through the layers at once: without padding where all rows fit into one short sequence."""
        if self.tokens <= LONGEST_MERGED:
            return self.tokens
        rows, width = at_once(self.rows, self.width, split)
        return rows * width


@dataclass(frozen=True)
class Plan:
    """How the batch is computed.

    Attributes:
        rank: of the adapter.
        trained: numbers that are trained, when it is no such adapter; `added` says whether they come on top of the
            model's own.
        moment_bytes: what the optimizer keeps for each of them.
        weight_bytes, number_bytes: of one weight, and of one number of the activations.
        checkpointing: activations are computed twice.
        holes: what activations take of a heap, as a multiple of their size; 1 on a graphics card.
        accumulation: batches whose gradients are added up.
        split: a batch is computed in parts (`side_by_side.parts`), as on a processor.
        scores_kept: of many predicted tokens at once, for the backward pass.
    """

    rank: int
    trained: int | None = None
    added: bool = True
    moment_bytes: float = 2 * SINGLE
    weight_bytes: float = SINGLE
    number_bytes: int = SINGLE
    checkpointing: bool = False
    accumulation: int = 1
    holes: float = HOLES
    split: bool = True
    scores_kept: bool = False


@dataclass(frozen=True)
class Estimate:
    """Bytes of each part at the peak."""

    weights: int
    trainable: int
    optimizer: int
    gradients: int
    activations: int
    logits: int
    code: int = 0

    @property
    def total(self) -> int:
        """All parts together; the program itself is not among them."""
        return sum(vars(self).values())


def estimate(shape: ModelShape, batch: Batch, plan: Plan) -> Estimate:
    """The peak of a run; see the module for the formula."""
    trained = shape.adapter(plan.rank) if plan.trained is None else plan.trained
    gradients = trained * SINGLE
    inner = shape.num_attention_heads * shape.head_dim
    layer = (4 * shape.hidden_size + 4 * inner + 4 * shape.intermediate_size
             + plan.rank * len(shape.linear) // max(1, shape.num_hidden_layers))
    computed = batch.computed(plan.split)
    kept = shape.num_hidden_layers * (shape.hidden_size if plan.checkpointing else layer) * computed
    again = (layer + 2 * shape.intermediate_size) * computed * plan.number_bytes
    activations = round(kept * plan.number_bytes * plan.holes)
    logits = _logits(shape, batch, plan.scores_kept)
    if plan.checkpointing:  # on a card the scores are gone before a layer is computed again; a heap keeps their place
        logits = logits + round(HOLES * again) if plan.split else max(logits, again)
    return Estimate(weights=round(shape.parameters * plan.weight_bytes),
                    trainable=gradients if plan.added else 0, optimizer=round(trained * plan.moment_bytes),
                    gradients=gradients if plan.accumulation > 1 else max(0, gradients - activations - logits),
                    activations=activations, logits=logits, code=_code(shape, batch) if plan.split else 0)


def _code(shape: ModelShape, batch: Batch) -> int:
    """Bytes of code: each linear layer of another shape both ways, its adapter's, and the scores of a few tokens."""
    layers = set(shape.linear)
    kinds = 2 * len(layers) + len({inputs for inputs, _ in layers}) + len({outputs for _, outputs in layers})
    return CODE * (kinds * batch.sizes + 2 * FEW // EVEN)


def _logits(shape: ModelShape, batch: Batch, kept: bool) -> int:
    """Bytes of the scores: kept for both sums and two gradients of the larger; else of a few tokens, twice."""
    if not kept:
        return 2 * min(FEW, max(batch.answers, batch.questions)) * shape.vocab_size * SINGLE
    sums = [min(count, AT_ONCE) if count <= AT_ONCE else 0 for count in (batch.answers, batch.questions)]
    worked = min(AT_ONCE, max(batch.answers, batch.questions))
    again = worked if worked not in sums else 0
    return (sum(sums) + again + 2 * worked) * shape.vocab_size * SINGLE


def sizes(every: Sequence[int], rows: int, opening: int) -> int:
    """How many different numbers of tokens will be computed at once, about, when a batch of so many rows is in parts.

    Batches that mostly fit into one sequence are of all sizes between the lightest and a whole sequence; of others two
    thirds of all sizes from one row on come up (measured). Longer rows are computed alone.

    Args:
        every: tokens of each row; opening: those that all begin with.
    """
    shortest, longest = min(every), max(every)
    lightest = rows * (shortest - opening) + opening
    full = min(LONGEST_MERGED, rows * (longest - opening) + opening)
    whole = rows * (sum(every) / len(every) - opening) <= LONGEST_MERGED
    short = max(0, full - min(lightest, full)) if whole else 2 * max(0, full - shortest) // 3
    return (short + max(0, longest - max(shortest, LONGEST_MERGED))) // EVEN + 1


def at_once(rows: int, width: int, split: bool) -> tuple[int, int]:
    """(rows, width) of what is computed at once: of a batch in parts a short sequence, or one longer row."""
    return (1, max(width, min(rows * width, LONGEST_MERGED))) if split else (rows, width)


def fewer_rows(batch: Batch, rows: int) -> Batch:
    """The same batch with so many of its rows."""
    share = rows / max(1, batch.rows)
    return replace(batch, rows=rows, tokens=round(batch.tokens * share), answers=round(batch.answers * share),
                   questions=round(batch.questions * share))


def shorter(batch: Batch, width: int) -> Batch:
    """The same batch with its rows cut to `width` tokens."""
    share = min(1.0, width / max(1, batch.width))
    return replace(batch, width=min(batch.width, width), tokens=round(batch.tokens * share),
                   answers=round(batch.answers * share), questions=round(batch.questions * share))


def read_shape(folder: Path) -> ModelShape:
    """The shape of a model folder, from config.json and the heads of its safetensors files.

    Raises:
        UserError: a file is missing or damaged.
    """
    try:
        config = read_json(folder / "config.json")
        config = config.get("text_config") or config
        heads = int(config["num_attention_heads"])
        hidden = int(config["hidden_size"])
        tensors = [shape for file in sorted(folder.glob("*.safetensors")) for shape in _tensors(file)]
        linear = tuple((sizes[1], sizes[0]) for name, sizes in tensors if len(sizes) == 2 and name.endswith(".weight")
                       and not any(word in name for word in _NOT_LINEAR))
        return ModelShape(hidden, int(config.get("intermediate_size") or 4 * hidden), int(config["num_hidden_layers"]),
                          heads, int(config.get("head_dim") or hidden // heads), int(config["vocab_size"]),
                          sum(_product(sizes) for _, sizes in tensors), linear)
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError("train.preflight.no_shape", folder=folder.name) from error


def _tensors(file: Path) -> list[tuple[str, list[int]]]:
    """(name, sizes) of the tensors of a safetensors file, from its head: eight bytes of length, then JSON."""
    with file.open("rb") as opened:
        length = int.from_bytes(opened.read(8), "little")
        if not 0 < length <= _MAX_HEADER:
            raise ValueError(f"{file.name} has no head")
        head: dict[str, Any] = json.loads(opened.read(length))
    return [(name, list(map(int, value["shape"]))) for name, value in head.items() if name != "__metadata__"]


def _product(sizes: list[int]) -> int:
    count = 1
    for size in sizes:
        count *= size
    return count
