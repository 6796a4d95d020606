"""What the statistics say of planted rows: languages, copies, balance; and what training will take."""

from __future__ import annotations

import json

import pytest

from core import jobs
from core.datasets.importing import import_files
from core.datasets.languages import language_of
from core.datasets.statistics import Balance, Statistics
from core.training.expected import expected
from core.training.settings import TrainSettings
from core.training.token_counts import TokenCounts, last_count, start_count
from webui.page import Call
from webui.tabs.dataset_statistics import balance_rows, made_of, summary

SENTENCES = {"zh": "水泵每半年由操作员检查一次，压力为 3 bar。", "en": "The pump is checked by the operator.",
             "latin": "Die Pumpe wird alle sechs Monate vom Bediener überprüft und gereinigt.",
             "ja": "ポンプは半年ごとに点検されます。", "ko": "펌프는 6개월마다 점검합니다.",
             "ru": "Насос проверяют раз в полгода.",
             "none": "12 + 30", "mixed": "水泵 pump 阀门 valve 压力 pressure 检查 inspection 油 oil"}


@pytest.mark.parametrize("code", SENTENCES)
def test_languages_are_told_by_their_script_and_words(code):
    assert language_of(SENTENCES[code]) == code
    assert language_of(f"{SENTENCES[code]}\n```python\nfor a in b: print('the code says nothing')\n```") == code


def test_planted_rows_are_counted(ws, tmp_path):
    rows = [{"prompt": f"How many litres does tank {n} hold?", "completion": f"It holds {n} litres.",
             "topic": "AAB"[n % 3], "id": n} for n in range(30)]
    rows += [rows[0], {"prompt": "how many litres does tank 1 hold", "completion": "It holds 1 litres", "topic": "C"},
             {"prompt": "水箱能装多少升水？", "completion": "能装三十升水。", "topic": "A"}]
    path = tmp_path / "r.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    info = import_files(ws, [(path, path.name)]).datasets[0]
    done = jobs.wait(ws, start_count(ws, info.id).id, 60)
    assert done.state is jobs.JobState.DONE
    counts = last_count(ws, info)
    found = counts.statistics
    assert (found.train, found.held_out, found.equal, found.near, found.questions) == (33, 0, 1, 1, 31)
    assert found.languages == {"en": 32, "zh": 1}
    assert found.balance == [Balance("topic", 3, [("A", 22), ("B", 10), ("C", 1)], 0)]
    assert Statistics.from_json(json.loads(json.dumps(found.to_json()))) == found
    assert counts.rows == 0 and counts.bins() == []


def test_what_a_run_takes_follows_from_the_counts():
    counts = TokenCounts("m", {10: 50, 2000: 10}, {5: 55, 1500: 5}, 0, 0, 0, general=1300)
    settings = TrainSettings(cutoff_len=1000, batch_size=8, epochs=2, general_share=0.2, gradient_accumulation=2)
    will = expected(counts, settings, 100.0)
    assert (will.cut, will.dropped, will.rows) == (10, 5, 60 - 5 + 15)
    assert will.steps == 2 * 5
    assert will.tokens == 2 * (500 + 5000 + 150) and will.seconds == will.tokens / 100
    alone = expected(counts, settings.model_copy(update={"general_share": 0.0}), None)
    assert alone.rows == 55 and alone.seconds is None


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_page_says_it_in_words(ws, lang):
    call = Call(ws, lang)
    for kind in ("chat", "preference", "label", "text"):
        counts = TokenCounts("m", {10: 50, 2000: 10}, {5: 60}, 7, 3, 2, kind=kind)
        said, short = summary(call, counts, TrainSettings(cutoff_len=1000))
        assert short == (kind != "text") and "2,000" in said and str(expected(
            counts, TrainSettings(cutoff_len=1000), None).steps) in said
    found = Statistics(90, 10, {"zh": 60, "en": 40}, 1, 2, 80, [Balance("document", 9, [("A|<b>", 50)], 40)])
    assert "60" in made_of(call, found) and "10" in made_of(call, found)
    rows = balance_rows(call, found)
    assert [row[1:] for row in rows][0][0] == "A|<b>" and rows[1][2].startswith("40 · 44")
