"""Chinese questions by rules: the value becomes its question word in place, as Chinese does."""

from __future__ import annotations

import re

from core.qa.rules.attributes import attribute_questions
from core.qa.rules.columns import odd, odd_questions
from core.qa.rules.sections import KIND as SECTION
from core.qa.rules.sections import section_questions
from core.qa.rules.values import Value, find_values
from core.qa.types import Fact

OTHER = {
    "多少年": "几年", "多少天": "几天", "多少小时": "多长时间",
    "多少分钟": "多长时间", "多少秒": "多久", 
    "多少个月": "几个月",
    "几点": "什么时间", "什么时候": "哪一天",
    "多少次": "几次", "多少个工作日": "几个工作日",
    "多少人": "几个人", "多少毫升": "多少", "多少升": "多少", "多少克": "多少",
    "多少元": "多少钱", "多少欧元": "多少钱",
    "多少千克": "多重",
}  # fmt: skip
PERSON = re.compile(r"由([\u4e00-\u9fff]{2,4}?)(?:负责|担任|管理|主管|领导|创办|创立|审批|批准)")
OFTEN = re.compile(r"([^，]{2,14}?)(必须|应该|应当|应|需要|需|要)?每隔?多少个?(?:天|周|星期|月|年|小时|分钟|秒)"
                   r"([^，]{1,6})一次")
UNNAMED = re.compile(r"[把被将]|^(?:可以|在|一台|一个|必须|不得|每|如果)|[后前时中]$|最[多少]$|平均$")
IN_CHARGE = re.compile(r"(?:主管|负责人|经理|联系人|作者|校长|主任|厂长|院长|老师|医生|设计师|创始人)$")
_NO_NAME = re.compile(r"[您你我他她]|(?:可|将|使|请|也|还|并|但|而|直接|此外|其中|例如|因此|所以|同时|另外"
                      r"|通过|目前|现在|然后)"
                      r"|.*(?:可以|[上下里能会要应可])$")
LIMIT = re.compile(r"([^，]{2,14}?)(少于|低于|高于|超过|多于)多少[^\W\d]{1,3}时(?:必须|应|需要?|要)([^，]{1,8})")


def questions_zh(fact: Fact, spare: bool = True) -> list[str]:
    """Questions for one fact, most natural first. `spare` adds the vague kind that fits only an unshared subject."""
    kind, subject = fact.kind.split(":")[0], fact.subject.strip("，。：")
    if kind in ("code", "remedy"):
        made = _code(subject, kind)
    elif kind == SECTION:
        made = section_questions(subject, "zh")
    elif kind == "cell":
        made = _cell(fact, fact.kind.split(":", 1)[1])
    elif kind == "attribute":
        made = attribute_questions(fact, "zh")
    elif kind == "label":
        made = _label(subject, fact.answer)
    elif kind == "howto":
        act = re.sub(
            r"(?:的?(?:步骤|方法|流程)(?:如下)?|如下|时$|请按以下步骤操作|请按以下步骤)",
            "",
            re.sub(r"^(?:如需|要想|若要|要)", "", subject),
        ).strip("，：")
        made = (
            _at(act)
            if re.search(r"[前后时]$", act)
            else [
                f"怎么{act}？",
                f"如何{act}？",
                f"{act}的步骤是什么？",
                f"{act}应该怎么操作？",
                f"我想{act}，该怎么做？",
            ]
        )
    elif kind == "list":
        intro = re.sub(r"(?:以下|下列|如下)(?:内容|物品|材料|事项|几项|几点)?", "", subject).strip("，：")
        made = [
            f"{intro}什么？"
            if intro.endswith(("带", "包括", "包含", "有", "需要", "提供", "交", "准备", "含"))
            else f"{intro}有哪些？",
            f"请问{intro}哪些东西？" if intro.endswith(("带", "准备", "提供")) else f"{intro}包括哪些？",
            f"请列出{intro}的内容。",
        ]
    elif kind == "faq":
        made = [subject, f"请问{subject}"]
    elif kind == "row":
        made = [f"{subject}的情况是怎样的？", f"请介绍一下{subject}。"]
    else:
        made = _sentence(fact)
    nameable = not re.match(r"必须|不得|如果|可以|在|出现|拆|若|当|应|每|一|\d|.*[时前后中内变]$", subject) \
        and not _NO_NAME.match(subject)
    if spare and nameable and len(made) < 3 and kind in ("fact", "item") and 1 < len(subject) < 14:
        made += [f"关于{subject}，有什么规定或说明？", f"介绍一下{subject}。"]
    return list(dict.fromkeys(re.sub(r"(?<=[\u4e00-\u9fff，]) (?=[\u4e00-\u9fff])", "", q) for q in made))


def _label(name: str, answer: str) -> list[str]:
    """Questions for what stands behind a name and a colon."""
    ask = "谁" if IN_CHARGE.search(name) else "什么" if "@" in answer or not re.search(r"\d", answer) else "多少"
    return [f"{name}是{ask}？", f"请问{name}是{ask}？", f"请告诉我{name}。", f"能告诉我{name}吗？", f"我想知道{name}。"]


def _code(subject: str, kind: str) -> list[str]:
    if kind == "code":
        return [
            f"{subject}是什么意思？",
            f"{subject}代表什么？",
            f"屏幕上显示{subject}，是什么问题？",
            f"为什么会出现{subject}？",
            f"请问{subject}表示什么？",
        ]
    return [
        f"出现{subject}怎么办？",
        f"{subject}怎么处理？",
        f"遇到{subject}应该怎么做？",
        f"显示{subject}，该怎么解决？",
        f"请问{subject}如何排除？",
    ]


def _at(moment: str) -> list[str]:
    return [f"{moment}应该怎么做？", f"{moment}有哪些步骤？", f"{moment}要怎么操作？", f"请问{moment}需要做什么？"]


def _cell(fact: Fact, column: str) -> list[str]:
    subject = fact.subject
    if odd(column, fact.answer.rstrip("。")):
        return odd_questions(subject, column, fact.answer.rstrip("。"), "zh")
    if re.match(r"\d{1,2}[:：]\d\d", fact.answer):
        return [
            f"{subject}的{column}是几点？",
            f"{subject}几点{column.removesuffix('时间')}？",
            f"请问{subject}的{column}是什么时候？",
            f"我想知道{subject}的{column}。",
        ]
    ask = "多少" if re.search(r"\d", fact.answer) else "什么"
    made = [
        f"{subject}的{column}是{ask}？",
        f"请问{subject}的{column}是{ask}？",
        f"{subject}{column}{ask}？",
        f"我想知道{subject}的{column}。",
    ]
    if re.search(r"价|费|票", column):
        made.insert(1, f"{subject}多少钱？")
    if re.search(r"时长|时间|期", column):
        made.insert(1, f"{subject}的{column}有多久？")
    return made


def _sentence(fact: Fact) -> list[str]:
    text = fact.statement
    person = PERSON.search(text)
    if person and person[1] in fact.answer:
        return _around(fact, Value(person[1], "person", person.start(1), person.end(1)))
    value = next((v for v in find_values(text, "zh", limit=9) if v.text.strip("「」『』“”`") == fact.answer), None)
    if value and value.text in fact.subject and value.start < len(fact.subject) and value.kind == "code":
        return []
    if value:
        return _around(fact, value)
    rest = text.strip("。")
    at = rest.find("是")
    if 1 < at < 16 and not re.search(r"[，：:]|[都也就还不并只均才正便可]$", rest[:at]):
        if IN_CHARGE.search(rest[:at]):
            return [f"{rest[:at]}是谁？", f"谁是{rest[:at]}？", f"请问{rest[:at]}叫什么名字？"]
        return [f"{rest[:at]}是什么？", f"请问{rest[:at]}是什么？", f"什么是{rest[:at]}？"]
    return []


def _around(fact: Fact, value: Value) -> list[str]:
    """The clause of the value, with the question word in its place, and with courtesies around it."""
    line = re.match(r"([^，。；：]{2,12})：\s*", fact.statement)
    if line and not fact.kind.startswith("step"):
        return _label(line[1], value.text) if value.start <= line.end() + 1 else []
    start, end = value.start, value.end
    while start > 0 and fact.statement[start - 1] not in "，；。：,;":
        start -= 1
    while end < len(fact.statement) and fact.statement[end] not in "，；。：,;":
        end += 1
    clause = fact.statement[start:end]
    if re.match(r"如果|若|一旦|(?:与|和|同).*(?:相比|不同)$", clause):
        return []
    ask = _word(value)
    if clause.startswith("即") and start > 0:
        start = max(fact.statement.rfind(mark, 0, start - 1) for mark in "，；。：") + 1
        clause = fact.statement[start:end]
    asked = clause.replace(value.text, ask, 1)
    if fact.subject and fact.subject not in asked and start > 0 and not re.match(r"[^是为]{2,10}[是为]", clause):
        step = fact.kind.startswith("step")
        if step or fact.statement.startswith(fact.subject):
            then = re.sub(r"^(?:并|则|就)(?=.{3})", "", asked) if step else asked
            asked = f"{fact.subject}{'时，' if step else ''}{then}" if len(fact.subject) < 12 else asked
    condition = fact.statement[:start].rstrip("，；") if start > 0 else ""
    if re.match(r"[这该此其]", clause) and condition:
        asked = f"{re.split('[，；。]', condition)[-1]}，{clause.replace(value.text, ask, 1)}"
    if re.match(r"(如果|若|当|如|一旦|.*(?:(?<!小)时|[后前])$)", condition) and len(condition) < 24:
        asked = f"{condition}，{clause.replace(value.text, ask, 1)}"
    if re.search(r"(?:(?<!小)时|[前后的])$", clause) and end < len(fact.statement) - 1:
        asked = f"{asked}，{re.split('[，；。]', fact.statement[end + 1 :])[0]}"
    asked = re.sub(r"(?<=[\u4e00-\u9fff，]) (?=[\u4e00-\u9fff])", "", asked)
    return _varied(asked.strip("“”「」 "), ask, fact.subject)


def _varied(asked: str, ask: str, subject: str) -> list[str]:
    """The question plainly, with another question word, politely, with its subject first, and as keywords."""
    bare = re.sub(r"^(?:并|共|即|则|应|就|也)(?=.{3})", "", asked)
    bare = re.sub(rf"^({re.escape(subject)})(?:并|则|就)", r"\1", bare) if subject else bare
    other = re.sub(r"重量?多重", "有多重", bare.replace(ask, OTHER.get(ask, ask), 1))
    other = bare if re.search(r"(?<!有)多重", other) else other
    made = [f"{bare}？", f"你能告诉我{other}吗？", f"请问{bare}？"]
    if other != bare:
        made.insert(1, f"{other}？")
    if often := OFTEN.fullmatch(bare):
        made[1:1] = [f"{often[1]}多久{often[3]}一次？", f"多久{often[2] or '要'}{often[3]}一次{often[1]}？"]
    if limit := LIMIT.fullmatch(bare):
        made[1:1] = [f"{limit[1]}{limit[2]}多少就要{limit[3]}？", f"什么时候必须{limit[3]}？"]
    if subject and bare.startswith(subject) and len(subject) > 1 and not UNNAMED.search(subject):
        about = re.sub(r"^(?:时，|[，的])+", "", other[len(subject) :])
        made.append(f"关于{subject}，我想问：{about}？")
    made += [f"我想知道{other}。", f"帮我查一下，{bare}？", f"{other}，能说一下吗？"]
    return made


def _word(value: Value) -> str:
    if value.kind == "person":
        return "谁"
    if value.kind == "time":
        return "几点" if not re.search(r"[至到~—–-]", value.text) else "几点到几点"
    if value.kind == "date":
        return "什么时候" if "周" not in value.text and "星期" not in value.text else "星期几"
    if value.kind == "number" and re.search(r"\d.*[到至~～].*\d", value.text):
        return "多少到多少"
    if value.kind == "number":
        unit = re.sub(
            r"^[-−\d.,\s至到~～—–]+" if re.search(r"\d", value.text) else r"^[一二两三四五六七八九十百]+",
            "",
            value.text,
        )
        return "百分之多少" if unit in ("%", "％") else f"多少{unit}"
    return "什么"
