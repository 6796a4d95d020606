"""The panel of one pair: question and answer to edit, the evidence behind it, and what can be done with it."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core import qa
from core.qa import Pair
from webui.components.words import plain
from webui.page import Call, Page
from webui.tabs.qa_words import evidence, evidence_picture


class Panel:
    """One pair. Its buttons are wired by the review, which knows the neighbours."""

    def __init__(self, page: Page) -> None:
        tr = page.tr
        self.open, self.at = gr.State(None), gr.State(None)
        with gr.Column(scale=4, min_width=300, visible=False, elem_classes="card", elem_id="qa-panel") as self.box:
            with gr.Row(elem_classes="page-row"):
                self.back = gr.Button(tr("qa.ui.pair_back"), size="sm", elem_id="qa-pair-back")
                self.forward = gr.Button(tr("qa.ui.pair_forward"), size="sm", elem_id="qa-pair-forward")
                self.close = gr.Button(tr("qa.ui.close"), size="sm", elem_id="qa-close")
            self.reason = gr.Markdown("", visible=False, elem_classes="doubt", elem_id="qa-reason")
            self.earlier = gr.Markdown("", visible=False, elem_classes="sheet", elem_id="qa-earlier")
            self.turn = gr.Radio([], visible=False, label=tr("qa.ui.turn"), elem_id="qa-turn", elem_classes="chips")
            self.question = gr.Textbox(label=tr("qa.ui.question"), lines=2, max_lines=6, elem_id="qa-question")
            self.answer = gr.Textbox(label=tr("qa.ui.answer"), lines=3, max_lines=12, elem_id="qa-answer")
            self.said = gr.Markdown("", visible=False, elem_classes="sheet", elem_id="qa-said")
            with gr.Row(elem_classes="actions"):
                self.saved = gr.Markdown("", elem_classes=["ok", "said"], elem_id="qa-saved")
                self.delete = gr.Button(tr("qa.ui.delete"), size="sm", elem_id="qa-delete")
                self.save = gr.Button(tr("qa.ui.save"), size="sm", elem_id="qa-save")
                self.confirm = gr.Button(tr("qa.ui.confirm"), size="sm", elem_id="qa-confirm")
            gr.Markdown(tr("qa.ui.evidence"))
            self.evidence = gr.Markdown("", sanitize_html=True, elem_classes="sheet", elem_id="qa-evidence")
            self.picture = gr.Image(type="filepath", interactive=False, visible=False, buttons=["fullscreen"],
                                    show_label=False, label=tr("qa.ui.evidence_picture"), container=False,
                                    elem_id="qa-evidence-picture")
            gr.Markdown(tr("qa.ui.keys"), elem_classes=["hint", "keys"], elem_id="qa-keys")

    @property
    def typed(self) -> list[Any]:
        """What `store` needs: the open pair, what stands in its boxes, and which turn of a conversation that is."""
        return [self.open, self.question, self.answer, self.at]

    @property
    def turned(self) -> list[Any]:
        """What `look_at_turn` fills, in its order."""
        return [self.at, self.question, self.answer, self.earlier, self.reason]

    @property
    def outputs(self) -> list[Any]:
        """What `show` fills, in its order; the caller adds the column that makes room for the panel."""
        return [self.open, self.box, self.reason, self.earlier, self.question, self.answer, self.saved, self.delete,
                self.confirm, self.evidence, self.picture, self.said, self.at, self.turn]

    def show(self, call: Call, id: str | None) -> list[Any]:
        """Opens a pair, or closes the panel for None."""
        if id is None:
            return [None, gr.update(visible=False), *[gr.skip()] * 12]
        pair = qa.get_pair(call.ws, id)
        why, picture = standing(call, pair), evidence_picture(call, pair)
        verb = {"rejected": "accept", "deleted": "bring_back"}.get(pair.pile, "confirm")
        return [id, gr.update(visible=True), gr.update(visible=bool(why), value=why),
                gr.update(visible=bool(pair.earlier), value=turns_before(call, pair)), pair.question, pair.answer, "",
                gr.update(visible=pair.pile != "deleted"),
                gr.update(value=call.t(f"qa.ui.{verb}"), interactive=not pair.confirmed),
                evidence(call, pair), gr.update(visible=picture is not None, value=picture),
                *without_documents(call, pair), None, turns(call, pair)]

    def look_at_turn(self, call: Call, id: str | None, turn: int) -> list[Any]:
        """Puts another turn of the open conversation into the boxes."""
        if id is None:
            return [gr.skip()] * len(self.turned)
        pair = qa.get_pair(call.ws, id)
        question, answer, *_ = [*pair.earlier, (pair.question, pair.answer)][turn]
        why = standing(call, pair)
        return [None if turn == len(pair.earlier) else turn, question, answer, turns_before(call, pair),
                gr.update(visible=bool(why), value=why)]

    @staticmethod
    def store(call: Call, id: str | None, question: str, answer: str, at: int | None) -> tuple[Pair | None, bool]:
        """Saves the texts of a pair when they differ from it; (the pair now, whether it changed).

        Args:
            at: the turn that the texts belong to; None for the last.
        """
        if id is None:
            return None, False
        pair = qa.get_pair(call.ws, id)
        known = (pair.question, pair.answer) if at is None or at >= len(pair.earlier) else pair.earlier[at][:2]
        if (question.strip(), answer.strip()) == known:
            return pair, False
        return qa.edit_pair(call.ws, id, question, answer, at), True


def turns(call: Call, pair: Pair) -> Any:
    """The choice of the turn that stands in the boxes, as an update; hidden for a single question."""
    count = len(pair.earlier) + 1
    return gr.update(choices=[(call.t("qa.ui.turn_number", number=n + 1), n) for n in range(count)], value=count - 1,
                     visible=count > 1)


def turns_before(call: Call, pair: Pair) -> str:
    """The turns of a conversation before the last, each with its quote."""
    parts = [call.t("qa.ui.turns_before")] if pair.earlier else []
    parts += [f"**{plain(question)}**\n\n{plain(answer)}\n\n<mark>{plain(quote)}</mark>"
              for question, answer, quote in pair.earlier]
    return "\n\n".join(parts)


def without_documents(call: Call, pair: Pair) -> list[Any]:
    """What the base model says to the question without the documents, as an update; hidden while it was not asked."""
    reply = qa.reply_without(call.ws, pair) if pair.known else ""
    words = call.t("known.ui.reply", reply=plain(reply)) + f" ({call.t(f'known.badge.{pair.known}')})" if reply else ""
    return [gr.update(value=words, visible=bool(words))]


def standing(call: Call, pair: Pair) -> str:
    """Why the pair was refused or asks for a look, or that a person confirmed it; empty for others."""
    if pair.confirmed:
        return call.t("qa.ui.was_confirmed")
    if pair.reason:
        return call.t("qa.ui.was_refused", reason=call.t(f"qa.gate.{pair.reason}"))
    return call.t("qa.ui.was_doubted", reason=call.t(f"qa.gate.{pair.doubt}")) if pair.doubt else ""


def saved_words(call: Call, pair: Pair | None) -> str:
    """What to say after saving."""
    if pair is not None and pair.reason:
        return call.t("qa.ui.saved_refused", reason=call.t(f"qa.gate.{pair.reason}"))
    return call.t("qa.ui.saved")
