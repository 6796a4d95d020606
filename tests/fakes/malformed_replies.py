"""Replies as models really write them when asked for JSON: each with the items that can be had from it.

`SECRET` stands in thinking only and must never come out; `items` lists what a careful person would take from the
reply, whole and unchanged. Replies without items are prose, refusals and wrecks.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

SECRET = "SECRET"
A = {"question": "How tall is the mast?", "answer": "5 m"}
B = {"question": "谁写了这本书？", "answer": "李白"}
C = {"question": "What's on the \"red\" tag?", "answer": "It's 30 kg, not 3."}
AB = json.dumps([A, B], ensure_ascii=False)
A_, B_ = json.dumps(A), json.dumps(B, ensure_ascii=False)


@dataclass(frozen=True)
class Case:
    """One reply; `finish` is what the service said of its end."""

    name: str
    text: str
    items: tuple[dict[str, str], ...] = ()
    finish: str = "stop"


def _ask(call: object) -> str:
    return json.dumps(call, ensure_ascii=False)


THOUGHTS = (
    Case("think before", f'<think>{SECRET} [{{"question": "{SECRET}?", "answer": "x"}}]</think>{AB}', (A, B)),
    Case("think without its beginning", f"{SECRET} is it 5?\n</think>\n\n{AB}", (A, B)),
    Case("think never ended", f"<think>{SECRET}: {AB}"),
    Case("think cut off", f"<think>{SECRET} what is asked? {{", finish="length"),
    Case("think after", f"{AB}\n<think>{SECRET} should I check?</think>", (A, B)),
    Case("think never ended, after", f"{AB}\n<think>{SECRET} and", (A, B)),
    Case("think with attribute", f'<think time="3">{SECRET}</think>{AB}', (A, B)),
    Case("thinking", f"<thinking>{SECRET}?</thinking>\n```json\n{AB}\n```", (A, B)),
    Case("reasoning, capitals", f"<Reasoning>{SECRET}</Reasoning>{AB}", (A, B)),
    Case("thought twice", f"<thought>{SECRET}</thought>[{A_},<thought>{SECRET}</thought>{B_}]", (A, B)),
    Case("Mistral", f"[THINK]{SECRET} How tall?[/THINK]{AB}", (A, B)),
    Case("Kimi", f"◁think▷{SECRET}◁/think▷{AB}", (A, B)),
    Case("gpt-oss", f"<|channel|>analysis<|message|>{SECRET}<|end|><|start|>assistant<|channel|>final<|message|>{AB}",
         (A, B)),
    Case("OpenThinker", f"<|begin_of_thought|>{SECRET}<|end_of_thought|>\n{AB}", (A, B)),
    Case("think in an answer, escaped",
         AB.replace("5 m", f"\\u003cthink\\u003e{SECRET}\\u003c/think\\u003e5 m"), (A, B)),
    Case("think in an answer", AB.replace("5 m", f"<think>{SECRET}</think>5 m"), (A, B)),
)
FRAMES = (
    Case("fence", f"```json\n{AB}\n```", (A, B)),
    Case("fence json5", f"```json5\n{AB}\n```", (A, B)),
    Case("fence javascript", f"```javascript\nconst pairs = {AB};\n```", (A, B)),
    Case("fence python", "```python\npairs = [{'question': 'How tall is the mast?', 'answer': '5 m'}]\n```", (A,)),
    Case("fence with title", f'```json title="out.json"\n{AB}\n```', (A, B)),
    Case("fence of tildes", f"~~~json\n{AB}\n~~~", (A, B)),
    Case("fence on one line", f"```json {AB} ```", (A, B)),
    Case("fence never closed", f"```json\n{AB}", (A, B)),
    Case("two fences", f"```json\n[{A_}]\n```\nand\n```json\n[{B_}]\n```", (A, B)),
    Case("word json before", f"json\n{AB}", (A, B)),
    Case("byte order mark", f"\ufeff{AB}", (A, B)),
    Case("end mark", f"{AB}<|im_end|>", (A, B)),
    Case("end of sequence", f"<s>{AB}</s>", (A, B)),
    Case("prose around", f"Sure! Which [two] pairs? These:\n{AB}\nShall I go on?", (A, B)),
    Case("Chinese prose around", f"好的，以下是结果：\n{AB}\n还需要更多吗？", (A, B)),
    Case("JSON lines", f"{A_}\n{B_}", (A, B)),
    Case("JSON lines with commas", f"{A_},\n{B_},", (A, B)),
    Case("numbered objects", f"1. {A_}\n2. {B_}", (A, B)),
    Case("bulleted objects", f"- {A_}\n- {B_}", (A, B)),
    Case("sent twice while streaming", f"{AB}{AB}", (A, B)),
    Case("begun again", f'[{{"question": "How tall is\n[{A_}, {B_}]', (A, B)),
    Case("the request's example first", f'{{"pairs": [{{"question": "…", "answer": "…"}}]}}\n{AB}', (A, B)),
    Case("HTML entities", AB.replace('"', "&quot;"), (A, B)),
    Case("JSON in a string", json.dumps(AB), (A, B)),
    Case("JSON in a string in an object", _ask({"result": AB}), (A, B)),
    Case("tool call", _ask({"name": "save", "arguments": {"pairs": [A, B]}}), (A, B)),
    Case("tool call, arguments as text", _ask({"name": "save", "arguments": _ask({"pairs": [A, B]})}), (A, B)),
    Case("tool calls of the OpenAI protocol",
         _ask({"tool_calls": [{"id": "c", "function": {"name": "f", "arguments": _ask({"pairs": [A, B]})}}]}), (A, B)),
    Case("tool call in tags",
         f"<tool_call>{_ask({'name': 'save', 'arguments': {'pairs': [A, B]}})}</tool_call>", (A, B)),
    Case("message around", _ask({"role": "assistant", "content": AB}), (A, B)),
    Case("two wrappings", _ask({"result": {"pairs": [A, B]}}), (A, B)),
    Case("numbered keys", _ask({"1": A, "2": B}), (A, B)),
    Case("lists in a list", f"[[{A_}], [{B_}]]", (A, B)),
)  # fmt: skip
SIGNS = (
    Case("single quotes", "[{'question': 'How tall is the mast?', 'answer': '5 m'}]", (A,)),
    Case("Python, both quotes", """[{'question': "What's on the \\"red\\" tag?", 'answer': "It's 30 kg, not 3."}]""",
         (C,)),
    Case("Python constants",
         "[{'question': 'How tall is the mast?', 'answer': '5 m', 'page': None, 'ok': True}]", (A,)),
    Case("trailing commas", '[{"question": "How tall is the mast?", "answer": "5 m",},]', (A,)),
    Case("missing comma between objects", f"[{A_}\n{B_}]", (A, B)),
    Case("missing comma between keys", '[{"question": "How tall is the mast?"\n "answer": "5 m"}]', (A,)),
    Case("no quotes at keys", '[{question: "How tall is the mast?", answer: "5 m"}]', (A,)),
    Case("comments", f"[ // the pairs\n{A_}, /* and\nmore */ {B_}]", (A, B)),
    Case("comment with a quote in it", f'[{A_}, // "two"\n{B_}]', (A, B)),
    Case("and so on", f"[{A_}, {B_}, ...]", (A, B)),
    Case("typographic quotes", "[{“question”: “How tall is the mast?”, “answer”: “5 m”}]", (A,)),
    Case("German quotes", "[{„question“: „How tall is the mast?“, „answer“: „5 m“}]", (A,)),
    Case("Chinese quotes and colon", "[{“question”：“谁写了这本书？”，“answer”：“李白”}]", (B,)),
    Case("corner brackets", "[{「question」：「谁写了这本书？」，「answer」：「李白」}]", (B,)),
    Case("wide brackets", "［｛\"question\"：\"谁写了这本书？\"，\"answer\"：\"李白\"｝］", (B,)),
    Case("quotes in a string", '[{"question": "What\'s on the "red" tag?", "answer": "It\'s 30 kg, not 3."}]', (C,)),
    Case("line break in a string", '[{"question": "How tall is\nthe mast?", "answer": "5 m"}]',
         ({"question": "How tall is\nthe mast?", "answer": "5 m"},)),
    Case("tab in a string", '[{"question": "How tall is the mast?", "answer": "5\tm"}]',
         ({"question": A["question"], "answer": "5\tm"},)),
    Case("wrong escape", '[{"question": "What is \\alpha\\_1?", "answer": "5 m"}]',
         ({"question": "What is \\alpha\\_1?", "answer": "5 m"},)),
    Case("apostrophe escaped", '[{"question": "What\\\'s that?", "answer": "5 m"}]',
         ({"question": "What\\'s that?", "answer": "5 m"},)),
    Case("NaN in one of two", f'[{{"question": "a?", "answer": NaN}}, {B_}]', (B,)),
    Case("NUL and half a sign", f'[{A_}, {{"question": "谁写了这本书？\x00", "answer": "\\ud800李白"}}]', (A, B)),
    Case("double braces", "{{" + A_[1:-1] + "}}", (A,)),
    Case("emoji as two escapes", '[{"question": "Which \\ud83d\\ude00?", "answer": "5 m"}]',
         ({"question": "Which 😀?", "answer": "5 m"},)),
)  # fmt: skip
NAMES = (
    Case("capital keys", _ask([{"Question": A["question"], "Answer": A["answer"]}]), (A,)),
    Case("Chinese keys", _ask([{"问题": B["question"], "答案": B["answer"]}]), (B,)),
    Case("short keys", _ask([{"q": A["question"], "a": A["answer"]}]), (A,)),
    Case("starred keys", _ask([{"**question**": A["question"], "answer:": A["answer"]}]), (A,)),
    Case("instruction and output", _ask([{"instruction": A["question"], "output": A["answer"]}]), (A,)),
    Case("table", f"| Question | Answer |\n|---|---|\n| {A['question']} | 5 m |\n| {B['question']} | 李白 |", (A, B)),
    Case("YAML", f"- question: {A['question']}\n  answer: 5 m\n- question: {B['question']}\n  answer: 李白\n", (A, B)),
    Case("YAML in a fence", f'```yaml\n- question: "{A["question"]}"\n  answer: "5 m"\n```', (A,)),
    Case("CSV", f"question,answer\n{A['question']},5 m\n{B['question']},李白", (A, B)),
    Case("tags", f"<pair><question>{A['question']}</question><answer>5 m</answer></pair>", (A,)),
)
CUT = (
    Case("in the second object", AB[:-8], (A,), "length"),
    Case("in a string, said to be finished", AB[:-12], (A,)),
    Case("in an escape", f'[{A_}, {{"question": "\\u8c', (A,), "length"),
    Case("in half a sign", f'[{A_}, {{"question": "\\ud83d', (A,), "length"),
    Case("after a backslash", f'[{A_}, {{"question": "x\\', (A,), "length"),
    Case("in a key", f'{{"pairs": [{A_}, {{"quest', (A,), "length"),
    Case("after a comma", f"[{A_},", (A,), "length"),
    Case("in the first object", '```json\n[{"question": "How tall', (), "length"),
    Case("in the prose before", "Here are the questions and answers you", (), "length"),
    Case("closing bracket missing", f"[{A_}, {B_}", (A, B)),
)
NOTHING = (
    Case("empty", ""),
    Case("white space", " \n\n "),
    Case("refusal", "I'm sorry, but I can't help with that. Would you like something else?"),
    Case("refusal in Chinese", "抱歉，我无法完成该请求。您可以换个问题吗？"),
    Case("refusal as JSON", '{"error": "I cannot do that. What else?"}'),
    Case("question back", "Which document do you mean? What should the questions be about?"),
    Case("numbered questions", "1. How tall is the mast?\n2. Who wrote it?"),
    Case("questions and answers as prose", "**Question:** How tall is it?\n\nIt is about 5 m, I think. Is that right?"),
    Case("prose with colons", "Note: this is hard.\nWhat to ask: maybe how tall it is?"),
    Case("bulleted prose with colons", "- Height: how tall is the mast?\n- Author: who wrote it?"),
    Case("table of something else", "| Name | Size |\n|---|---|\n| Who? | 5 |"),
    Case("strings only", '["How tall is the mast?", "Who wrote it?"]'),
    Case("lists of two", '[["How tall is the mast?", "5 m"], ["Who wrote it?", "Li Bai"]]'),
    Case("questions without answers", '[{"question": "How tall is the mast?"}, {"question": "Who?", "answer": ""}]'),
    Case("example only", '{"pairs": [{"question": "…", "answer": "…"}]}'),
    Case("schema given back", '{"type": "object", "properties": {"question": {"type": "string"}}}'),
    Case("null", "null"),
    Case("numbers", "[1, 2, 3]"),
    Case("numbers for texts", '[{"question": 5, "answer": ["b"]}]'),
    Case("page of an error", "<html><body>502 Bad Gateway. What now?</body></html>"),
    Case("loop", "What? " * 20_000),
    Case("loop of brackets", "[" * 50_000),
    Case("loop of objects", '{"question": ' * 20_000),
    Case("loop of quotes", '[{"question": "' + '"' * 30_000, ()),
)
CASES = (*THOUGHTS, *FRAMES, *SIGNS, *NAMES, *CUT, *NOTHING)
