"""Which language a visitor reads: chosen (`?lang=`, kept in a cookie), else the browser's."""

from __future__ import annotations

import gradio as gr
from starlette.requests import Request

from core.i18n import LANGUAGES, catalogue

LANGUAGE_COOKIE = "doctune_lang"


def language_of(request: Request | gr.Request | None) -> str:
    """``"zh"`` or ``"en"`` for this request; ``"en"`` when there is none."""
    if request is None:
        return "en"
    for chosen in (request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE)):
        if chosen in LANGUAGES:
            return chosen
    return "zh" if request.headers.get("accept-language", "").lower().startswith("zh") else "en"


def translations() -> gr.I18n:
    """The whole catalogue for the front end, which replaces the markers that `i18n(key)` leaves in components."""
    zh = catalogue("zh")
    return gr.I18n(**{"en": catalogue("en"), "zh": zh, "zh-CN": zh})
