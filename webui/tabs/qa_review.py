"""The review of pairs: table with piles and filters, one pair after the other, many at once, every step undone."""

from __future__ import annotations

from functools import partial
from typing import Any

import gradio as gr

from core import qa
from webui.components.pager import Pager
from webui.page import Call, Page
from webui.tabs.qa_filters import Filters
from webui.tabs.qa_panel import Panel, saved_words
from webui.tabs.qa_replace import ReplaceBox
from webui.tabs.qa_words import change_words, row_cells

ROWS = 20


class Review:
    """The table and what happens to its rows."""

    def __init__(self, page: Page, panel: Panel, settings: gr.Column) -> None:
        self.panel, self.settings = panel, settings
        self.ids, self.ticked = gr.State([]), gr.State([])
        tr = page.tr
        self.narrow = Filters(page)
        with gr.Row(elem_classes="bulk", elem_id="qa-bulk"):
            self.one_by_one = gr.Button(tr("qa.ui.one_by_one"), size="sm", elem_id="qa-one-by-one")
            self.bulk_confirm = gr.Button(tr("qa.ui.confirm"), size="sm", elem_id="qa-bulk-confirm")
            self.bulk_delete = gr.Button(tr("qa.ui.delete"), size="sm", elem_id="qa-bulk-delete")
            self.undo_words = gr.Markdown("", visible=False, elem_id="qa-undo-words", elem_classes="said")
            self.undo_button = gr.Button(tr("qa.ui.undo"), size="sm", visible=False, elem_id="qa-undo")
        self.table = gr.Dataframe(datatype=["bool", "str", "str", "str"], interactive=True, static_columns=[1, 2, 3],
                                  type="array", buttons=[], show_label=False, wrap=True, elem_id="qa-pairs",
                                  column_widths=["7%", "38%", "36%", "19%"], max_height=4000,
                                  elem_classes=["rows", "few-columns"],
                                  label=tr("qa.ui.pairs"))
        self.nothing = gr.Markdown("", visible=False, elem_classes="hint", elem_id="qa-nothing")
        self.pager = Pager.build(page, "qa", self.fetch, [*self.narrow.outputs, self.table, self.ids, self.ticked,
                                                          self.one_by_one, self.bulk_confirm, self.bulk_delete,
                                                          self.nothing], self.filters, ROWS)
        self.replace = ReplaceBox(page)
        self._wire(page)

    @property
    def filters(self) -> list[Any]:
        """What narrows the list."""
        return self.narrow.inputs

    @property
    def undo_outputs(self) -> list[Any]:
        """What `undo_updates` fills."""
        return [self.undo_words, self.undo_button]

    @property
    def outputs(self) -> list[Any]:
        """What `first` fills."""
        return [self.narrow.document, *self.changed]

    @property
    def changed(self) -> list[Any]:
        """What a change of pairs fills."""
        return [*self.undo_outputs, *self.pager.all_outputs]

    @property
    def opened(self) -> list[Any]:
        """What opening and closing a pair fills."""
        return [self.settings, *self.panel.outputs]

    def _wire(self, page: Page) -> None:
        panel, rows, narrow = self.panel, self.pager.all_outputs, set(self.filters) | {self.pager.offset}
        self.narrow.wire(page, self.pager.first, rows)
        page.on(self.table.select, self.choose, [self.ids, *panel.typed], self.opened, trigger_mode="multiple")
        page.on(self.one_by_one.click, lambda call, ids: self.show(call, ids[0] if ids else None), [self.ids],
                self.opened)
        page.on(self.table.input, self.tick, [self.table, self.ids, *self.filters],
                [self.ticked, self.bulk_confirm, self.bulk_delete], trigger_mode="always_last")
        for button, act in ((self.bulk_confirm, self.confirm_many), (self.bulk_delete, self.delete_many)):
            page.on(button.click, act, narrow | {self.ticked}, [*self.changed, *self.opened])
        page.on(self.undo_button.click, self.take_back, narrow | {panel.open}, [*self.changed, *self.opened],
                trigger_mode="multiple")
        typed = narrow | set(panel.typed)
        for event in (panel.question.blur, panel.answer.blur, panel.save.click):
            page.on(event, self.keep, typed, [panel.saved, *self.changed])
        for button, act in ((panel.confirm, self.confirm_open), (panel.delete, self.delete_open)):
            page.on(button.click, act, typed | {self.ids}, [*self.changed, *self.opened])
        page.on(panel.close.click, self.close, panel.typed, self.opened)
        page.on(panel.turn.input, self.turn, typed | {panel.turn}, [*panel.turned, panel.saved, *self.changed])
        for button, by in ((panel.back, -1), (panel.forward, 1)):
            page.on(button.click, partial(self.step, by), typed | {self.ids}, [*self.changed, *self.opened])
        self.replace.wire(page, self.filters, narrow, self.changed, self._again)

    def fetch(self, call: Call, offset: int, limit: int, *given: Any) -> tuple[list[Any], int]:
        """One page of the table, ticks cleared."""
        pile, kind, reason = given[0], given[4], given[5]
        why = "why" if pile in ("look", "rejected") else "source"
        heads = ["", *(call.t(f"qa.ui.column.{name}") for name in ("question", "answer", why))]
        wanted = Filters.read(*given)
        found, total = qa.find_pairs(call.ws, wanted, offset, limit)
        bare = wanted == qa.Filter(piles=wanted.piles)
        nothing = call.t(f"qa.ui.none.{pile}" if bare else "qa.ui.none_found") if not total else ""
        table = gr.update(value={"headers": heads, "data": [row_cells(call, p) for p in found]}, visible=bool(total))
        return [*Filters.updates(call, pile, kind, reason), table, [p.id for p in found], [],
                gr.update(visible=bool(total)), *self._bulk(call, pile, total, "all"),
                gr.update(value=nothing, visible=not total)], total

    @staticmethod
    def _bulk(call: Call, pile: str, count: int, which: str) -> list[Any]:
        """The two buttons for many pairs: for ticked ones ("some"), else for all that the filters leave."""
        verb = {"rejected": "accept", "deleted": "bring_back"}.get(pile, "confirm")
        return [gr.update(value=call.t(f"qa.ui.{which}.{verb}", count=count), visible=bool(count)),
                gr.update(value=call.t(f"qa.ui.{which}.delete", count=count),
                          visible=bool(count) and pile != "deleted")]

    def undo_updates(self, call: Call) -> list[Any]:
        """What the last step was, and whether it can be taken back."""
        last = qa.last_change(call.ws)
        return [gr.update(value=change_words(call, last) if last else "", visible=last is not None),
                gr.update(visible=last is not None)]

    def first(self, call: Call, *given: Any) -> list[Any]:
        """The first page, and the documents to filter by."""
        chosen, update = self.narrow.documents_update(call, given[2])
        given = (*given[:2], chosen, *given[3:])
        return [update, *self.undo_updates(call), *self.pager.first(call, *given)]

    def grown(self, call: Call, shown: list[str], *given: Any) -> list[Any]:
        """As `first`, but rows that are on the page already are left alone: a table is dear to draw."""
        updates = self.first(call, *given)
        if updates[self.outputs.index(self.ids)] == shown:
            for component in (self.table, self.narrow.kind, self.narrow.reason):
                updates[self.outputs.index(component)] = gr.skip()
        return updates

    def show(self, call: Call, id: str | None) -> list[Any]:
        """Opens a pair in the place of the settings; None brings the settings back."""
        return [gr.update(visible=id is None), *self.panel.show(call, id)]

    def choose(self, call: Call, ids: list[str], open: str | None, question: str, answer: str, at: int | None,
               event: gr.SelectData) -> list[Any]:
        """Opens the pair of the clicked row; the first column only ticks."""
        row, column = event.index
        if column == 0 or row >= len(ids):
            return [gr.skip()] * len(self.opened)
        self.panel.store(call, open, question, answer, at)
        return self.show(call, ids[row])

    def turn(self, call: Call, values: dict[Any, Any]) -> list[Any]:
        """Keeps what was typed into one turn of a conversation and shows another."""
        pair, stored = self._store(call, values)
        rows = self._again(call, values) if stored else [gr.skip()] * len(self.changed)
        return [*self.panel.look_at_turn(call, values[self.panel.open], values[self.panel.turn]),
                saved_words(call, pair) if stored else "", *rows]

    def close(self, call: Call, open: str | None, question: str, answer: str, at: int | None) -> list[Any]:
        """Keeps what was typed and brings the settings back."""
        self.panel.store(call, open, question, answer, at)
        return self.show(call, None)

    def step(self, by: int, call: Call, values: dict[Any, Any]) -> list[Any]:
        """The neighbour of the open pair, also on the page before or after."""
        _, stored = self._store(call, values)
        ids, open = values[self.ids], values[self.panel.open]
        at = (ids.index(open) if open in ids else -by) + by
        if 0 <= at < len(ids):
            rows = self._again(call, values) if stored else [gr.skip()] * len(self.changed)
            return [*rows, *self.show(call, ids[at])]
        return self._turn(call, values, by)

    def _turn(self, call: Call, values: dict[Any, Any], by: int) -> list[Any]:
        """The page before or after, its last or first pair open; nothing when there is none."""
        offset = values[self.pager.offset] + by * ROWS
        if offset < 0:
            return [gr.skip()] * (len(self.changed) + len(self.opened))
        updates = self._again(call, {**values, self.pager.offset: offset})
        fresh = updates[self.changed.index(self.ids)]
        if updates[self.changed.index(self.pager.offset)] != offset or not fresh:
            return [gr.skip()] * (len(self.changed) + len(self.opened))
        return [*updates, *self.show(call, fresh[-1 if by < 0 else 0])]

    def tick(self, call: Call, rows: list[list[Any]], ids: list[str], *given: Any) -> list[Any]:
        """Remembers the ticked rows and offers what can be done with them; without any, with all."""
        ticked = [id for id, row in zip(ids, rows, strict=False) if row[0] in (True, "true")]
        if ticked:
            return [ticked, *self._bulk(call, given[0], len(ticked), "some")]
        return [[], *self._bulk(call, given[0], qa.find_pairs(call.ws, Filters.read(*given), 0, 0)[1], "all")]

    def keep(self, call: Call, values: dict[Any, Any]) -> list[Any]:
        """Saves the edited pair; also when a box is left, so that nothing typed is lost."""
        if not values[self.panel.open]:
            return [gr.skip()] * (1 + len(self.changed))
        pair, stored = self._store(call, values)
        return [saved_words(call, pair), *(self._again(call, values) if stored else [gr.skip()] * len(self.changed))]

    def confirm_many(self, call: Call, values: dict[Any, Any]) -> list[Any]:
        """Confirms, accepts or brings back the ticked pairs, else all that the filters leave."""
        return self._many(call, values, self._confirms(values))

    def delete_many(self, call: Call, values: dict[Any, Any]) -> list[Any]:
        """Deletes the ticked pairs, else all that the filters leave."""
        return self._many(call, values, qa.delete_pairs)

    def confirm_open(self, call: Call, values: dict[Any, Any]) -> list[Any]:
        """Confirms the open pair as it stands in the boxes and goes on to the next."""
        return self._one(call, values, self._confirms(values))

    def delete_open(self, call: Call, values: dict[Any, Any]) -> list[Any]:
        """Deletes the open pair and goes on to the next."""
        return self._one(call, values, qa.delete_pairs)

    def _confirms(self, values: dict[Any, Any]) -> Any:
        return qa.restore_pairs if values[self.narrow.pile] == "deleted" else qa.confirm_pairs

    def _many(self, call: Call, values: dict[Any, Any], act: Any) -> list[Any]:
        act(call.ws, values[self.ticked] or Filters.read(*[values[c] for c in self.filters]))
        return [*self._again(call, values), *self.show(call, None)]

    def _one(self, call: Call, values: dict[Any, Any], act: Any) -> list[Any]:
        ids, open = values[self.ids], values[self.panel.open]
        self._store(call, values)
        act(call.ws, [open])
        at = ids.index(open) if open in ids else len(ids)
        updates = self._again(call, values)
        fresh = updates[self.changed.index(self.ids)]
        following = ids[at + 1] if at + 1 < len(ids) else fresh[at] if open not in fresh and at < len(fresh) else None
        if following is None and open in fresh:
            turned = self._turn(call, values, 1)
            if turned[-len(self.opened)] != gr.skip():
                return turned
        return [*updates, *self.show(call, following)]

    def take_back(self, call: Call, values: dict[Any, Any]) -> list[Any]:
        """Undoes the last step; an open pair is shown as it is now."""
        qa.undo(call.ws)
        opened = self.show(call, values[self.panel.open]) if values[self.panel.open] else \
            [gr.skip()] * len(self.opened)
        return [*self._again(call, values), *opened]

    def _store(self, call: Call, values: dict[Any, Any]) -> Any:
        return self.panel.store(call, *[values[c] for c in self.panel.typed])

    def _again(self, call: Call, values: dict[Any, Any]) -> list[Any]:
        return [*self.undo_updates(call),
                *self.pager.show(call, values[self.pager.offset], *[values[c] for c in self.filters])]
