"""One base model in memory, its adapters, and the thread that answers requests in batches.

Adapters of LoRA and the base model share a batch; every other result of training is answered by itself.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from pathlib import Path
from typing import Any

from core.errors import UserError
from core.models.chat_template import encode_prompt, stop_ids
from core.serving.adapters import BASE, AdapterFiles, attach, rows_use
from core.serving.alone import AloneFiles, VirtualTokens, load_model
from core.serving.rows import BatchRows
from core.serving.work import Delta, Work, WorkQueue

_log = logging.getLogger(__name__)
SEGMENT = 8
"""Tokens after which rows that are done leave the batch."""


class Engine:
    """Answers requests for one base model and any mix of its adapters.

    Args:
        model: a causal language model in evaluation mode.
        queue: where requests wait; closing it ends the generation thread.
        folder: of the base model, for results that need a copy of it.
    """

    def __init__(self, model: Any, tokenizer: Any, queue: WorkQueue, folder: Path | None = None) -> None:
        self._model = model
        self._folder = folder
        self._alone: dict[str, AloneFiles] = {}
        self._loaded: tuple[str, Any] | None = None
        self._tokenizer = tokenizer
        self.queue = queue
        self._ends = frozenset(stop_ids(tokenizer, model.generation_config.eos_token_id))
        pad = tokenizer.pad_token_id
        self._pad = pad if pad is not None else min(self._ends, default=0)
        self.context_length = int(getattr(model.config.get_text_config(), "max_position_embeddings", 2048))
        _blank_generation_config(model)
        self._encoding = threading.Lock()
        # The turnstile lets a loader in between two batches however many requests wait.
        self._turnstile, self._busy = threading.Lock(), threading.Lock()
        self._halt = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="generation", daemon=True)
        self.batches = 0
        self.running = 0
        self.recent: deque[list[str]] = deque(maxlen=50)

    @classmethod
    def load(cls, folder: Path, queue: WorkQueue) -> Engine:
        """Reads a checked model folder (safetensors, no code) onto the best device."""
        import psutil
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        cuda = torch.cuda.is_available()
        if not cuda and "OMP_NUM_THREADS" not in os.environ:
            torch.set_num_threads(psutil.cpu_count(logical=False) or 1)
        # bf16 is many times slower than fp32 on processors without it.
        dtype = (torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16) if cuda else torch.float32
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, local_files_only=True, use_safetensors=True)
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model = model.to(device="cuda" if cuda else "cpu").eval().requires_grad_(False)
        return cls(model, tokenizer, queue, folder)

    @property
    def adapters(self) -> list[str]:
        """Names of the loaded adapters and models."""
        return sorted([*self._shared, *self._alone])

    @property
    def _shared(self) -> dict[str, Any]:
        """The adapters that share batches."""
        return getattr(self._model, "peft_config", {})

    def encode(self, messages: list[dict[str, str]]) -> list[int]:
        """Prompt tokens of a conversation. Raises UserError when the template refuses it."""
        with self._encoding:
            return encode_prompt(messages, self._tokenizer)

    def add_adapter(self, name: str, files: AdapterFiles | AloneFiles) -> None:
        """Loads a result between two batches; a name that is loaded stays as it is. Raises UserError."""
        with self._turnstile, self._busy:
            if name in self.adapters:
                return
            if isinstance(files, AdapterFiles):
                self._model = attach(self._model, name, files)
                return
            self._alone[name] = files
            try:
                self._own(name)
            except UserError:
                del self._alone[name]
                raise

    def _own(self, name: str) -> Any:
        """The model, or the virtual tokens, of a result that is answered by itself; one is in memory at a time."""
        if self._loaded is None or self._loaded[0] != name:
            self._loaded = None
            files = self._alone[name]
            base = self._base
            if files.kind in ("tokens", "prefix"):
                made: Any = VirtualTokens(files, base, name)
            elif self._folder is None:
                raise UserError("serving.error.adapter_kind", name=name)
            else:
                made = load_model(files, self._folder, base.dtype, str(base.device), name)
                _blank_generation_config(made)
            self._loaded = name, made
        return self._loaded[1]

    @property
    def _base(self) -> Any:
        return self._model.get_base_model() if self._shared else self._model

    def submit(self, work: Work) -> None:
        """Queues a request whose adapter is loaded. Raises QueueFull or QueueClosed."""
        if work.adapter is not None and work.adapter not in self.adapters:
            raise UserError("serving.error.not_loaded", name=work.adapter)
        self.queue.put(work)

    def start(self) -> None:
        """Starts the generation thread."""
        self._thread.start()

    def stop(self) -> None:
        """Ends waiting and running requests with an error and waits for the thread."""
        self._halt.set()
        for work in self.queue.close():
            _tell(work, "serving.error.stopping")
        if self._thread.is_alive():
            self._thread.join(timeout=30)

    def _serve(self) -> None:
        while batch := self.queue.take():
            with self._turnstile:
                pass
            with self._busy:
                self.running = len(batch)
                self._answer(batch)
                self.running = 0

    def _answer(self, batch: list[Work]) -> None:
        """Runs a batch in parts that one model can answer; every request of it gets an end, whatever happens."""
        parts: dict[str | None, list[Work]] = {}
        for work in batch:
            parts.setdefault(work.adapter if work.adapter in self._alone else None, []).append(work)
        for alone, part in parts.items():
            self._answer_part(part, alone)

    def _answer_part(self, batch: list[Work], alone: str | None, rows: BatchRows | None = None) -> None:
        """Runs a part; rows for which memory does not suffice together go on one by one, after what each has said."""
        for work, row in self._tried(batch, alone, rows):
            self._answer_part([work], alone, row)

    def _tried(self, batch: list[Work], alone: str | None, rows: BatchRows | None) -> list[tuple[Work, BatchRows]]:
        """Runs a part; returns the rows that are worth another try. Once this is left, what they held is free."""
        try:
            rows = rows or self._rows(batch)
            self._generate(batch, rows, alone)
            rows.fail("serving.error.no_answer")
        except Exception as error:
            short_of_memory = isinstance(error, MemoryError) or "out of memory" in str(error).lower() \
                or "can't allocate memory" in str(error).lower()
            if short_of_memory and rows is not None and len(batch) > 1:
                _log.warning("no memory for %d rows at once; answering them one by one", len(batch))
                return rows.apart()
            _log.exception("generation failed")
            key = "serving.error.no_memory" if short_of_memory else "serving.error.no_answer"
            if rows is not None:
                rows.fail(key)
            else:
                for work in batch:
                    _tell(work, key)
        return []

    def _rows(self, batch: list[Work]) -> BatchRows:
        from core.serving.sampling import RowSampler

        def decode(ids: Any) -> str:
            return self._tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)

        sampler = RowSampler([work.sampling for work in batch], self._model.device)
        return BatchRows(batch, decode, self._ends, sampler, self._halt.is_set)

    def _generate(self, batch: list[Work], rows: BatchRows, alone: str | None) -> None:
        import torch
        from transformers import GenerationConfig, LogitsProcessorList, StoppingCriteriaList

        own = self._own(alone) if alone is not None else None
        virtual = own if isinstance(own, VirtualTokens) else None
        model, base = (own, own) if own is not None and virtual is None else (self._model, self._base)
        names = [BASE if alone is not None or work.adapter is None else work.adapter for work in batch]
        before = virtual.count if virtual else 0
        width = max(len(work.prompt) for work in batch)
        ids = torch.tensor([[self._pad] * (before + width - len(work.prompt)) + work.prompt for work in batch],
                           device=base.device)
        seen = torch.tensor([[1] * before + [0] * (width - len(work.prompt)) + [1] * len(work.prompt)
                             for work in batch], device=base.device)
        self.batches += 1
        self.recent.append([work.adapter or BASE for work in batch])
        most = max(work.sampling.max_tokens for work in batch)
        with torch.inference_mode():
            with rows_use(model, names):
                cache = virtual.cache(base, len(batch)) if virtual else None
            if cache is None:
                cache = self._read_once(model, base, ids, seen, names)
            for done in range(0, most, SEGMENT):
                config = GenerationConfig(max_new_tokens=min(SEGMENT, most - done), do_sample=False,
                                          pad_token_id=self._pad, use_cache=True, return_dict_in_generate=True)
                with rows_use(model, names):
                    made = base.generate(input_ids=ids, attention_mask=seen, past_key_values=cache,
                                         generation_config=config,
                                         logits_processor=LogitsProcessorList([rows.sampler]),
                                         stopping_criteria=StoppingCriteriaList([rows]))
                left = rows.keep_running()
                if not left:
                    return
                ids, cache = made.sequences, made.past_key_values
                seen = torch.cat([seen, seen.new_ones(len(seen), ids.shape[1] - seen.shape[1])], dim=1)
                if len(left) < len(ids):
                    ids, seen, names = ids[left], seen[left], [names[n] for n in left]
                    cache.batch_select_indices(torch.tensor(left, device=ids.device))

    def _read_once(self, model: Any, base: Any, ids: Any, seen: Any, names: list[str]) -> Any:
        """Cache of the prompts but for their last token, equal prompts read once; None where that saves nothing.

        Several answers to one prompt are common: the question writer is asked for several wordings of each fact.
        """
        import torch
        from transformers import DynamicCache

        first: dict[tuple[str, tuple[int, ...]], int] = {}
        same = [first.setdefault((name, tuple(row)), n) for n, (name, row) in
                enumerate(zip(names, ids.tolist(), strict=True))]
        chosen = sorted(set(same))
        if len(chosen) * 2 > len(names) or ids.shape[1] < 2:
            return None
        cache = DynamicCache(config=base.config)
        mask = seen[chosen, :-1]
        with rows_use(model, [names[n] for n in chosen]):
            base(input_ids=ids[chosen, :-1], attention_mask=mask, past_key_values=cache, use_cache=True,
                 position_ids=(mask.cumsum(-1) - 1).clamp(min=0), logits_to_keep=1)
        cache.batch_select_indices(torch.tensor([chosen.index(n) for n in same], device=ids.device))
        return cache


def _blank_generation_config(model: Any) -> None:
    """A model's own generation settings would mix with the ones that each request brings."""
    from transformers import GenerationConfig

    model.generation_config = GenerationConfig()


def _tell(work: Work, key: str) -> None:
    try:
        work.deliver(Delta(error=key))
    except RuntimeError:
        _log.info("an answer could not be delivered", exc_info=True)
