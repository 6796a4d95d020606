"""What the document says about itself: its own subject, and sentences that only speak of the document."""

from __future__ import annotations

import re

BOOK = (
    r"(?:handbook|manual|guide|booklet|leaflet|brochure|document|instructions?|data ?sheet|specifications?|reference)"
)
BOOK_ZH = r"(?:使用|用户|操作|维护|产品)?(?:手册|说明书|指南|说明|规格书|文档|须知)"
TITLE_TAIL = re.compile(
    rf"(?:\s*[:–—-]\s+|\s+)(?:the )?(?:(?:[A-Z]\w+['’]s?|user|users|owner|operating|operator|service|product|technical"
    rf"|quick|start|installation|reference|staff|patient|short|complete)\s+)*{BOOK}(?:\s.{{0,20}})?$",
    re.IGNORECASE,
)
TITLE_TAIL_ZH = re.compile(rf"(?:\s*[:：—–-]+\s*|的)?{BOOK_ZH}$")
MODEL = re.compile(r"^((?:[A-Z][\w-]+ ){0,3}[A-Z]{0,4}-?\d[\w.-]*)(?=\s|$)")
SELF = re.compile(
    rf"^(?:(?:This|The present|The following) (?:{BOOK}|chapter|section|page|part|text|table)s?"
    rf"|In this (?:{BOOK}|chapter"
    r"|section))\b.*\b(?:explain|describe|tell|show|contain|cover|list|give|introduce|help|is about|deals? with"
    r"|find|learn|will)",
    re.IGNORECASE,
)
READING = re.compile(
    rf"^(?:Please )?(?:see|refer to|read|consult|compare)\b.*\b(?:{BOOK}|chapter|section|page|below|above"
    rf"|appendix|table)"
    rf"\b|^(?:Please )?(?:keep|store|read|follow|save|pass on) (?:this|these|the|all) (?:\w+ ){{0,2}}{BOOK}\b"
    r"|^(?:For )?(?:more|further|details?|additional)\b.*\b(?:see|in (?:section|chapter))\b",
    re.IGNORECASE,
)
SELF_ZH = re.compile(
    rf"^(?:在)?本(?:{BOOK_ZH}|书|节|章|文|文件|页).{{0,6}}(?:说明|介绍|描述|讲|帮助|包含|包括|将|旨在|列出|用于)"
    rf"|^(?:请)?(?:把|将|妥善|仔细|认真|先)?(?:本|此|该)?(?:保管|保存|阅读|收好)?(?:本|此|该)?{BOOK_ZH}.{{0,2}}(?:放|保存|保管|妥善|收好|交|$|。)"
    r"|^(?:请)?(?:另)?(?:详见|参见|参阅|请见|见|参考)(?:第|本|附录|上|下)"
)
ELSEWHERE = re.compile(
    r"(?:For .{0,60}, )?(?:please )?(?:see|refer to|check out|consult|visit|have a look at)\b[^.]*\.?\Z"
    r"|(?:更多|有关|关于|详细|具体)?[^，。；]{0,24}(?:请)?(?:参考|参阅|参见|详见|查看|请见)[^，。；]{0,60}。?\Z",
    re.IGNORECASE)
COMMON_HEADING = re.compile(
    r"(?:overview|introduction|configuration|installation|installing|usage|how to use|getting started|quick ?start"
    r"|examples?|notes?|summary|background|requirements|prerequisites|setup|set-up|features|licen[cs]e|contributing"
    r"|conclusions?|abstract|discussion|methods?|results?|appendix|limitations|options|parameters|settings|details|more|other|general"
    r"|description|acknowledge?ments?|changelog|what'?s new|troubleshooting|references?)\Z"
    r"|(?:概述|简介|引言|介绍|安装|配置|使用|使用方法|使用说明|快速开始|快速入门|示例|例子|说明|注意|注意事项|总结"
    r"|小结|结论|背景|摘要|要求|准备|准备工作|前言|其他|参数|参数说明|参数设置|功能|特点|特性|常见问题|附录"
    r"|更新日志|方法|结果|训练|评估|推理|部署)\Z",
    re.IGNORECASE)
"""Headings that many documents have: alone they do not say what is asked about."""
GENERIC_HEADING = re.compile(
    r"^(?:(?:technical|general|product|basic|key) )*(?:data|specifications?|specs"
    r"|details|dimensions|properties|parameters"
    r"|overview|facts|features|characteristics|sizes?|measurements|performance)(?: sheet| and \w+)?$"
    r"|^(?:技术|产品|主要|基本|性能|规格)*(?:参数|数据|规格|指标|尺寸|性能|特性|信息|概览)(?:表)?$",
    re.IGNORECASE,
)


def about_document(text: str, language: str) -> bool:
    """Whether a sentence speaks of the document or of reading it, and states nothing else."""
    if language == "zh":
        return bool(SELF_ZH.search(text)) and not re.search(r"\d", text.split("第")[0])
    return bool(READING.search(text)) or bool(SELF.search(text)) and not re.search(r"\d", text)


def points_elsewhere(text: str) -> bool:
    """Whether a text only says where else to read."""
    return len(text) < 120 and bool(ELSEWHERE.match(text))


def leans_on(text: str, language: str) -> bool:
    """Whether a sentence speaks of what the sentence before it named, by a pronoun."""
    if language == "zh":
        return bool(re.match(r"(?:请)?(?:把|将)?(?:它|其)", text))
    return bool(re.match(r"(?:it|they|this|these)\b|(?:please )?[a-z]+ (?:it|them)\b", text, re.IGNORECASE))


def document_subject(title: str, language: str) -> str:
    """The thing that a handbook is about, from its title; "" when the title does not tell."""
    tail = TITLE_TAIL_ZH if language == "zh" else TITLE_TAIL
    bare = tail.sub("", title).strip(" :：,-–—")
    if bare == title or not bare or len(bare) > 50:
        return ""
    if language == "zh":
        return bare
    model = MODEL.match(bare)
    return f"the {model[1]}" if model and not bare.lower().startswith("the ") else bare
