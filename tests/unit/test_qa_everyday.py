"""Questions said again in everyday words."""

from __future__ import annotations

import pytest

from core.qa.facts import extract_facts
from core.qa.rules.everyday_en import everyday
from core.qa.types import Chunk
from core.qa.writer import write_pairs


@pytest.mark.parametrize(("question", "other"), [
    ("How often must the carbon filter be replaced?", "How often do I need a new carbon filter?"),
    ("How often must the carbon filter be replaced?", "How often do I have to replace the carbon filter?"),
    ("When should the wound dressing be changed at home?", "When should I change the wound dressing at home?"),
    ("How often is the pump housing brushed out?", "How often do I brush out the pump housing?"),
    ("How must the ferry ticket be kept?", "How do I have to keep the ferry ticket?"),
    ("How much does the empty cabinet weigh?", "How heavy is the empty cabinet?"),
    ("How much does a return ticket cost?", "What is the price of a return ticket?"),
    ("What is the height of the door?", "How tall is the door?"),
    ("How many passengers does the ferry hold?", "How many passengers fit into the ferry?"),
    ("Where does the fuse sit?", "Where can I find the fuse?"),
    ("How long does the warranty last?", "How long is the warranty?"),
    ("How many hours a day does the lamp shine?", "How many hours per day does the lamp shine?"),
])
def test_a_question_is_said_again(question: str, other: str) -> None:
    assert other in everyday([question])


@pytest.mark.parametrize("question", [
    "In which town was the H4 built?",
    "How often must the water be changed and filtered?",
    "For how long should the door not be opened at night?",
    "What is the name of the film that is used to wipe the door with?",
    "Where is an opened bottle kept?",
    "Which plants grow well?",
])
def test_what_cannot_be_turned_is_left_alone(question: str) -> None:
    assert everyday([question]) == []


def test_water_is_not_bought_anew() -> None:
    assert not any("a new water" in other for other in everyday(["How often must the water be changed?"]))


def test_other_wordings_are_among_the_pairs_and_asked_once() -> None:
    text = ("The carbon filter must be replaced every 4 months.\n\n"
            "The tank must be refilled when it holds less than 7 litres.")
    chunk = Chunk("c1", "doc-1", "handbook.pdf", ("Care",), 1, 1, text, "en")
    asked = [draft.question for draft in write_pairs(chunk, extract_facts(chunk), None, wordings=6, seed=1)]
    assert "How often do I need a new carbon filter?" in asked
    assert "At how many litres do I have to refill the tank?" in asked
    assert len(asked) == len({q.lower() for q in asked})


@pytest.mark.parametrize(("text", "asked", "never"), [
    ("活性炭滤芯必须每 4 个月更换一次。", "活性炭滤芯多久更换一次？", "麻烦"),
    ("水箱水量少于 7 升时必须加水。", "水箱水量少于多少就要加水？", "具体是"),
    ("空柜重 31 千克。", "空柜有多重？", "重多重"),
    ("地面必须水平，并能承受 65 千克的重量。", "地面能承受多少千克的重量？", "地面并能"),
    ("大多数植物的最佳湿度为 62%。", "大多数植物的最佳湿度为百分之多少？", "多少%"),
    ("假期模式把光照缩短为每天 10 小时，一箱水最多可以维持 16 天。", "假期模式一箱水最多可以维持多少天？", "10 小时，"),
    ("柜子会开启名为 H4-Orchard 的无线网络。", "柜子会开启名为什么的无线网络？", "Orchard"),
    ("售后电话：0555 0147 263，周二至周六", "售后电话是多少？", "售后电话什么"),
    ("售后主管：欧兰", "售后主管是谁？", "主管是什么"),
    ("灯在 25 分钟内变亮，这一过程称为“缓明”。", "灯在 25 分钟内变亮，这一过程称为什么？", "我想知道这一过程"),
    ("如果代码出现 3 次，请等待 90 秒后重新启动。", "如果代码出现 3 次，请等待多少秒后重新启动？", "出现多少次"),
])
def test_chinese_is_asked_as_people_ask(text: str, asked: str, never: str) -> None:
    chunk = Chunk("c1", "doc-1", "手册.pdf", ("保养",), 1, 1, text, "zh")
    questions = [d.question for d in write_pairs(chunk, extract_facts(chunk), None, wordings=6, seed=1)]
    assert asked in questions
    assert not [q for q in questions if never in q]
