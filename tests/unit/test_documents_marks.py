"""Contents pages and lists of references are found, and nothing else is taken for them."""

from __future__ import annotations

import pytest

from core.documents.marks import CONTENTS, REFERENCES, marks_of
from tests.fakes.documents import handbook

CONTENTS_EN = ("# Contents\n\n1 Introduction ........ 3\n\n2 Methods . . . . . . . 7\n\n2.1 Data . . . . . . 8\n\n"
               "3 Results 12\n")
CONTENTS_ZH = "目录\n\n一、总则 …………………… 1\n\n二、设备 …………………… 5\n\n三、维护 …………………… 9\n"
TABLE = "## Table of contents\n\n| Chapter | Page |\n| --- | --- |\n| Valves | 3 |\n| Pumps | 9 |\n| Lids | 14 |\n"
REFERENCES_EN = ("## 7 References\n\n[1] Smith, J. (2019). A book. Press.\n\n[2] Miller, K. et al. 2020. Another. "
                 "doi:10.1/2\n\n[3] Foo, B. 2001. Journal.\n")
REFERENCES_ZH = "# 参考文献\n\n[1] 张三. 水泵[J]. 泵业, 2019.\n[2] 李四. 阀门[M]. 2020.\n[3] 王五. 管道[D]. 2021.\n"
PROSE = "# 1 Introduction\n\nThe pump of 2019 has 4 valves. It was rebuilt in 2021, see chapter 3.\n"


def found(*pages: str) -> dict[int, list[tuple[str, str]]]:
    texts = dict(enumerate(pages, 1))
    return {page: [(mark.kind, texts[page][mark.start:mark.end]) for mark in marks]
            for page, marks in marks_of(texts).items()}


@pytest.mark.parametrize(("text", "kind"), [
    (CONTENTS_EN, CONTENTS), (CONTENTS_ZH, CONTENTS), (TABLE, CONTENTS), (REFERENCES_EN, REFERENCES),
    (REFERENCES_ZH, REFERENCES),
])
def test_found_whole_and_nothing_around(text: str, kind: str) -> None:
    assert found(f"{text}\n{PROSE}") == {1: [(kind, text.strip())]}


def test_leaders_need_no_title() -> None:
    text = "\n\n".join(f"{n} Section {'. ' * 30}{n + 2}" for n in range(1, 8))
    assert found(text) == {1: [(CONTENTS, text)]}


def test_entries_that_were_joined_to_one_paragraph() -> None:
    text = "Contents\n\n1 Valves ........ 3 2 Pumps ........ 7 3 Lids ........ 9 4 Seals ........ 14\n"
    assert found(text) == {1: [(CONTENTS, text.strip())]}


def test_references_go_on_over_pages_and_end_before_an_appendix() -> None:
    more = "[4] Bar, C. 2004. Paper.\n\n[5] Baz, D. 2005. Paper.\n\n# Appendix A\n\nThe lid of 2005 weighs 2 kg.\n"
    assert found(PROSE, REFERENCES_EN, more) == {
        2: [(REFERENCES, REFERENCES_EN.strip())],
        3: [(REFERENCES, "[4] Bar, C. 2004. Paper.\n\n[5] Baz, D. 2005. Paper.")]}


@pytest.mark.parametrize("text", [
    PROSE, handbook(3), "# References\n\nThe reference pump stands in hall 3. It is never switched off.\n",
    "# Contents\n\nThe box contains a pump, a hose and a lid.\n\nThe pump weighs 12 kg.\n",
    "# Prices\n\nPump 12\n\nHose 14\n\nLid 19\n\nSeal 22\n", "", "1.\n2.\n3.\n",
    "# 目录服务\n\n目录服务端口是 389\n\n备用端口是 636\n\n超时是 30\n",
])
def test_other_text_is_left_alone(text: str) -> None:
    assert found(text) == {}


def test_long_lines_end() -> None:
    assert found("Contents\n" + ". " * 100_000 + "\n" + "a " * 100_000, "Contents\n\n" * 3000) == {}
