"""The one way conversations become token ids: the trainer and the model server both encode through this module.

The tokenizer's own chat template writes the turns; what people wrote (the contents) is encoded as plain text, so that
a row that contains `<|im_end|>` cannot end its own turn. Wherever contents hold no such string, the ids equal those of
`tokenizer.apply_chat_template` for contents without outer white space, which is taken off.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from core.errors import UserError

Message = dict[str, str]
ROLES = ("system", "user", "assistant")
_MARK = "\ue000{}\ue001"
_MARKS = re.compile("\ue000([0-9]+)\ue001")


@dataclass(frozen=True)
class Encoded:
    """Token ids of a conversation; `mask[i]` is 1 where the loss counts: the answers and the token that ends each."""

    ids: list[int]
    mask: list[int]


@dataclass(frozen=True)
class _Piece:
    """A stretch of the rendered conversation; `message` is the index of the message it quotes, None for template."""

    text: str
    message: int | None


def encode(messages: list[Message], tokenizer: Any) -> Encoded:
    """Ids and loss mask of a whole conversation.

    The mask covers each assistant content from its first token up to and including the control token that ends the
    turn. A template that writes no end token after the last answer gets the tokenizer's end-of-text token.

    Raises:
        UserError: the tokenizer has no chat template, or refuses this order of roles.
    """
    messages = _checked(messages)
    ids: list[int] = []
    mask: list[int] = []
    answering = False
    for text, control, trained in _runs(messages, tokenizer):
        if control is None:
            new = plain_ids(text, tokenizer)
            answering = trained
        else:
            new, trained = [control], answering
            answering = False
        ids += new
        mask += [int(trained)] * len(new)
    if answering and tokenizer.eos_token_id is not None:
        ids.append(tokenizer.eos_token_id)
        mask.append(1)
    return Encoded(ids, mask)


def encode_prompt(messages: list[Message], tokenizer: Any) -> list[int]:
    """Ids of a conversation that ends where the model's answer begins: what generation starts from.

    Raises:
        UserError: as `encode`.
    """
    ids: list[int] = []
    for text, control, _ in _runs(_checked(messages), tokenizer, generation_prompt=True):
        ids += plain_ids(text, tokenizer) if control is None else [control]
    return ids


def stop_ids(tokenizer: Any, model_eos: int | list[int] | None = None) -> list[int]:
    """Ids that end a generated answer: the control token that the template writes after an answer, and end-of-text.

    Args:
        tokenizer: a tokenizer with a chat template.
        model_eos: `eos_token_id` of the model's generation configuration.
    """
    found = set([model_eos] if isinstance(model_eos, int) else model_eos or [])
    if tokenizer.eos_token_id is not None:
        found.add(tokenizer.eos_token_id)
    probe = encode([{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], tokenizer)
    last = max(i for i, m in enumerate(probe.mask) if m)
    if probe.ids[last] in _controls(tokenizer).values():
        found.add(probe.ids[last])
    return sorted(found)


def _checked(messages: list[Message]) -> list[Message]:
    if not messages:
        raise UserError("models.error.no_messages")
    for message in messages:
        if message.get("role") not in ROLES or not isinstance(message.get("content"), str):
            raise UserError("models.error.bad_message", role=str(message.get("role")))
    return [{"role": m["role"], "content": m["content"].strip()} for m in messages]


def _runs(messages: list[Message], tokenizer: Any,
          generation_prompt: bool = False) -> list[tuple[str, int | None, bool]]:
    """The conversation as (plain text, None, trained) and (control token, its id, False), neighbours merged."""
    controls = _controls(tokenizer)
    runs: list[tuple[str, int | None, bool]] = []

    def add(text: str, trained: bool) -> None:
        if runs and runs[-1][1] is None and runs[-1][2] == trained:
            runs[-1] = (runs[-1][0] + text, None, trained)
        elif text:
            runs.append((text, None, trained))

    for piece in _render(messages, tokenizer, generation_prompt):
        if piece.message is not None:
            add(piece.text, messages[piece.message]["role"] == "assistant")
            continue
        after_answer = bool(runs) and runs[-1][1] is None and runs[-1][2]
        for part in _split(piece.text, controls):
            if part in controls:
                runs.append((part, controls[part], False))
                after_answer = False
            else:
                add(part, after_answer)
    return runs


def _split(text: str, controls: dict[str, int]) -> list[str]:
    """Template text cut into control tokens and what stands between them."""
    parts, at = [], 0
    for match in _any_of(tuple(controls)).finditer(text) if controls else ():
        if match.start() >= at:
            parts += [text[at:match.start()], match.group(1)]
            at = match.start() + len(match.group(1))
    return [part for part in [*parts, text[at:]] if part]


def _render(messages: list[Message], tokenizer: Any, generation_prompt: bool) -> list[_Piece]:
    """Runs the template over marks in place of the contents, then puts the contents back, told apart."""
    if not getattr(tokenizer, "chat_template", None):
        raise UserError("models.error.no_chat_template")
    marked = [{"role": m["role"], "content": _MARK.format(i)} for i, m in enumerate(messages)]
    try:
        text = _apply(marked, tokenizer, generation_prompt)
    except Exception as error:
        folded = _fold_system(marked)
        if folded is None:
            raise UserError("models.error.template_refused", reason=str(error)) from error
        try:
            text = _apply(folded, tokenizer, generation_prompt)
        except Exception as again:
            raise UserError("models.error.template_refused", reason=str(again)) from again
    pieces = []
    for n, part in enumerate(_MARKS.split(text)):
        pieces.append(_Piece(messages[int(part)]["content"], int(part)) if n % 2 else _Piece(part, None))
    return [p for p in pieces if p.text]


def _apply(messages: list[Message], tokenizer: Any, generation_prompt: bool) -> str:
    # Reasoning models get their empty thought block here and in training alike.
    return tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=generation_prompt,
                                         enable_thinking=False)


def _fold_system(messages: list[Message]) -> list[Message] | None:
    """The system text put before the first question, for templates without a system role; None without one."""
    if len(messages) < 2 or messages[0]["role"] != "system" or messages[1]["role"] != "user":
        return None
    first = {"role": "user", "content": messages[0]["content"] + "\n\n" + messages[1]["content"]}
    return [first, *messages[2:]]


def _controls(tokenizer: Any) -> dict[str, int]:
    """Strings that steer the model, with their ids: special tokens, and added ones that the template writes.

    Other added tokens (runs of spaces, HTML tags) are ordinary vocabulary.
    """
    return _controls_of(tokenizer, str(getattr(tokenizer, "chat_template", "") or ""))


@lru_cache(maxsize=4)
def _controls_of(tokenizer: Any, template: str) -> dict[str, int]:
    special = set(tokenizer.all_special_ids)
    return {token.content: index for index, token in tokenizer.added_tokens_decoder.items()
            if token.content and (token.special or index in special or token.content in template)}


@lru_cache(maxsize=8)
def _any_of(strings: tuple[str, ...]) -> re.Pattern[str]:
    """Matches at every place where one of the strings begins, the longest first; group 1 is the string."""
    return re.compile("(?=(" + "|".join(re.escape(s) for s in sorted(strings, key=len, reverse=True)) + "))")


def plain_ids(text: str, tokenizer: Any) -> list[int]:
    """Ids of text in which no control token may arise: every control string in it is cut after its first character."""
    controls = _controls(tokenizer)
    cuts = sorted({m.start() + 1 for m in _any_of(tuple(controls)).finditer(text)} - {len(text)}) if controls else []
    ids: list[int] = []
    for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        ids += tokenizer(text[start:end], add_special_tokens=False)["input_ids"]
    if not set(controls.values()).isdisjoint(ids):
        raise UserError("models.error.control_in_text")
    return ids
