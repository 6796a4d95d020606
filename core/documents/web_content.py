"""The main content of a web page, without navigation, side bars, advertisements and the like. Child only."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from core.documents.web_markdown import DROPPED, is_hidden, tag_of

_ROLES = frozenset(("navigation", "banner", "contentinfo", "complementary", "search", "menu", "menubar", "toolbar",
                    "dialog", "alertdialog"))
_BOILERPLATE = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|navigation|navbox|menu|sidebar|side-?bar|breadcrumbs?|cookies?|consent|banner|"
    r"share|sharing|social|related|recommend(?:ed|ations?)?|comments?|disqus|advert(?:s|isement)?|ads?|promo|"
    r"newsletter|subscribe|pagination|pager|toc|tableofcontents|skip-?link|skip-to-\S+|site-?(?:header|footer)|"
    r"page-?footer|footer|masthead|copyright|popup|modal|toolbar|edit-?(?:link|section)|editsection|"
    r"prev-?next|last-?updated|feedback|login|signup)(?:$|[\s_-])", re.I)
_CONTENT = re.compile(r"(?:^|[\s_-])(?:main-?content|article-?(?:body|content)|post-?(?:body|content)|entry-?content|"
                      r"markdown-?body|page-?content|mw-parser-output|rst-content|theme-doc-markdown|js_content|"
                      r"rich_media_content|document|content)(?:$|[\s_-])", re.I)
_ANCHOR = re.compile(r"headerlink|anchor|hash-link|permalink|heading-link|header-anchor", re.I)
_NOT_PRINTED = re.compile(r"(?:^|\s)(?:noprint|no-print|d-print-none|print:hidden|siteSub)(?:$|\s)")
_TABLES = re.compile(r"(?:^|[\s_-])(?:navbox|sidebar|metadata|toc)(?:$|[\s_-])", re.I)
_SHARE, _MINIMUM = 0.4, 120


def main_content(body: Any) -> Any:
    """The element that holds the content; what is not content is removed from it. `body` is changed in place."""
    _remove(body, lambda element: tag_of(element) in DROPPED and not _is_formula(element) or is_hidden(element))
    chosen = _choose(body, max(1, _length(body)))
    _trim(chosen, outside=chosen is body)
    return chosen


def title_of(document: Any, content: Any) -> str:
    """A title for content that has no first-level heading of its own, else ""."""
    if any(tag_of(element) == "h1" for element in content.iter()):
        return ""
    outside = next((e for e in document.iter("h1") if _length(e)), None)
    if outside is not None:
        return " ".join("".join(outside.itertext()).split())
    title = next((e for e in document.iter("title") if (e.text or "").strip()), None)
    if title is None:
        return ""
    parts = re.split(r"\s+[|–—»·-]\s+|[_|]", " ".join(title.text.split()))
    return max((part.strip() for part in parts[:2]), key=len)


def _choose(body: Any, whole: int) -> Any:
    """``main``, the one article, or a container by its usual names, when most of the text is in it."""
    mains = [e for e in body.iter() if tag_of(e) == "main" or (e.get("role") or "").lower() == "main"]
    articles = [e for e in body.iter() if tag_of(e) == "article" or e.get("itemprop") == "articleBody"]
    named = [e for e in body.iter() if tag_of(e) in ("div", "section", "td")
             and _CONTENT.search(f"{e.get('id') or ''} {e.get('class') or ''}")]
    for candidates, share in ((mains, 0.15), (articles, _SHARE), (named, _SHARE)):
        best = max(candidates, key=_length, default=None)
        if best is not None and _length(best) >= max(share * whole, min(_MINIMUM, 0.5 * whole)):
            inner = [e for e in best.iter() if tag_of(e) == "article" and e is not best]
            narrow = max(inner, key=_length, default=None) if len(inner) == 1 else None
            return narrow if narrow is not None and _length(narrow) > 0.7 * _length(best) else best
    return body


def _trim(content: Any, outside: bool) -> None:
    """Removes what is not content below the chosen element; more boldly when the page does not say what is content.

    Nothing goes when next to nothing would stay: then all of the page is of one kind.
    """
    whole = max(1, _length(content))

    def foreign(element: Any) -> bool:
        tag = tag_of(element)
        if element is content or not tag or tag in ("body", "html", "h1"):
            return False
        if tag in ("nav", "menu") or (element.get("role") or "").lower() in _ROLES:
            return True
        if tag == "a" and _ANCHOR.search(element.get("class") or "") and _length(element) < 4:
            return True
        words = f"{element.get('id') or ''} {element.get('class') or ''}"
        if _NOT_PRINTED.search(words) or tag == "table" and _TABLES.search(words):
            return _length(element) < 0.5 * whole
        if tag in ("h2", "h3", "h4", "h5", "h6", "code", "pre", "p", "table", "tr", "td", "th", "tbody"):
            return False
        if tag == "footer" or tag == "header" and outside and not _has(element, "h1"):
            return True
        if _length(element) > 0.5 * whole:
            return False
        if tag == "aside" and outside or _BOILERPLATE.search(words):
            return True
        return outside and tag in ("div", "ul", "section") and _is_link_list(element)

    unwanted = {element for element in content.iter() if foreign(element)}
    lost = sum(_length(element) for element in unwanted
               if not any(above in unwanted for above in element.iterancestors()))
    if whole - lost >= min(_MINIMUM, whole // 2):
        _remove(content, unwanted.__contains__)


def _is_link_list(element: Any) -> bool:
    """Nearly all of its text is links, and there are several, and no sentence is long."""
    links = [link for link in element.iter("a") if _length(link)]
    inside = sum(map(_length, links))
    return len(links) >= 4 and inside > 0.8 * max(1, _length(element)) and inside < 40 * len(links)


def _has(element: Any, tag: str) -> bool:
    return any(tag_of(child) == tag for child in element.iter())


def _is_formula(element: Any) -> bool:
    if tag_of(element) == "script":
        return (element.get("type") or "").lower().startswith("math/tex")
    return False


def _length(element: Any) -> int:
    """Letters of the text below an element, white space apart."""
    return sum(len("".join(text.split())) for text in element.itertext())


def _remove(root: Any, unwanted: Callable[[Any], bool]) -> None:
    """Removes elements below `root`; the text that follows them stays."""
    for element in [e for e in root.iter() if e is not root and isinstance(e.tag, str) and unwanted(e)]:
        if element.getparent() is not None:
            element.drop_tree()
