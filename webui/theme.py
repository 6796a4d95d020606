"""How the page looks: one theme, one style sheet, system fonts only."""

from __future__ import annotations

import gradio as gr

ACCENT = "#0f6b66"
AFTER = "#b4541a"
BEFORE = "#5f6f7d"
FONTS = ("system-ui", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "Noto Sans Mono CJK SC", "monospace")

_TEAL = gr.themes.Color(name="teal", c50="#eef7f6", c100="#d8edeb", c200="#b0dad6", c300="#7fc1bb", c400="#469f98",
                        c500="#1f817b", c600="#0f6b66", c700="#0c5652", c800="#0a4542", c900="#083936", c950="#042220")


def theme() -> gr.themes.Base:
    """The product's Gradio theme: thin borders, radius 10, no shadows, deep teal accent, light and dark."""
    base = gr.themes.Base(primary_hue=_TEAL, secondary_hue=_TEAL, neutral_hue=gr.themes.colors.slate,
                          font=FONTS, font_mono=MONO, text_size=gr.themes.sizes.text_md,
                          radius_size=gr.themes.Size(name="r10", xxs="4px", xs="6px", sm="8px", md="10px", lg="10px",
                                                     xl="12px", xxl="14px"))
    return base.set(
        body_background_fill="#f5f7f7", body_background_fill_dark="#10181a",
        body_text_color="#1b2b2c", body_text_color_dark="#e4ecec",
        body_text_color_subdued="#52646a", body_text_color_subdued_dark="#a3b4b8",
        block_background_fill="#ffffff", block_background_fill_dark="#172225",
        block_border_color="#d9e1e2", block_border_color_dark="#2b3a3d", block_shadow="none",
        block_label_text_color="#33474b", block_label_text_color_dark="#c4d2d4",
        block_info_text_color="#52646a", block_info_text_color_dark="#a3b4b8",
        input_background_fill="#ffffff", input_background_fill_dark="#111b1d",
        input_border_color="#c2cdcf", input_border_color_dark="#3a4c50", input_shadow="none", input_shadow_focus="none",
        button_primary_background_fill=ACCENT, button_primary_background_fill_hover="#0c5652",
        button_primary_background_fill_dark="#1f817b", button_primary_background_fill_hover_dark="#2b948d",
        button_primary_text_color="#ffffff", button_secondary_background_fill="#ffffff",
        button_secondary_background_fill_dark="#1d2a2d", button_secondary_background_fill_hover="#eef7f6",
        button_secondary_border_color="#c2cdcf", button_secondary_border_color_dark="#3a4c50",
        button_secondary_text_color="#1b2b2c", button_secondary_text_color_dark="#e4ecec",
        button_large_text_weight="600", button_large_padding="10px 20px",
    )


CSS = """
.gradio-container { max-width: 1320px !important; margin: 0 auto !important; padding: 12px 20px 40px !important; line-height: 1.5; }
#top { align-items: center; gap: 8px 16px; padding: 0 2px; }
#brand { flex: 1 1 auto; }
#brand p { margin: 0; font-size: 16px; }
#brand strong { font-size: 20px; color: var(--primary-600); margin-right: 8px; }
.dark #brand strong { color: var(--primary-300); }
#top button { max-width: 96px; min-width: 72px; flex: 0 0 auto; }
#rail { gap: 6px; flex-wrap: nowrap; margin: 4px 0 8px; }
#rail button { flex: 1 1 0; min-width: 0; white-space: pre-line; text-align: left; justify-content: flex-start;
  padding: 8px 12px; line-height: 1.35; font-size: 13px; font-weight: 400; color: var(--body-text-color-subdued);
  border: 1px solid var(--block-border-color); background: var(--block-background-fill); min-height: 58px; }
#rail button::first-line { font-size: 15px; font-weight: 600; color: var(--body-text-color); }
#rail button.here { border: 2px solid var(--primary-600); background: var(--primary-50); padding: 7px 11px; }
.dark #rail button.here { background: #12302f; border-color: var(--primary-400); }
#rail button.attention { border-left: 4px solid #b45309; }
#rail button.done { border-left: 4px solid var(--primary-500); }
#steps > .tab-wrapper, #steps > .tab-container, #steps > div.tab-nav { display: none !important; }
#steps .tabitem { border: none; padding: 0; background: transparent; }
.card { background: var(--block-background-fill); border: 1px solid var(--block-border-color); border-radius: 10px; padding: 16px !important; }
.card .block { border-color: var(--border-color-primary); }
.hint, .hint p { color: var(--body-text-color-subdued); font-size: 14px; }
.empty { text-align: center; padding: 24px 16px !important; color: var(--body-text-color-subdued); }
.ok p { color: #0c5652; } .doubt p { color: #92400e; } .blocker p { color: #a3241b; }
.dark .ok p { color: #7fc1bb; } .dark .doubt p { color: #f0b75e; } .dark .blocker p { color: #f3938b; }
.before { border-top: 4px solid %(before)s !important; } .after { border-top: 4px solid %(after)s !important; }
.actions { justify-content: flex-end; gap: 8px; }
.actions button { flex: 0 1 auto; min-width: 120px; }
.sheet { max-height: 70vh; overflow: auto; border: 1px solid var(--block-border-color); border-radius: 10px; padding: 16px !important; background: var(--block-background-fill); }
mark { background: #ffe58a; color: #1b2b2c; }
h3 { margin-top: 4px; }
footer { display: none !important; }
:focus-visible { outline: 2px solid var(--primary-500); outline-offset: 2px; }
@media (max-width: 760px) {
  .gradio-container { padding: 8px 10px 32px !important; }
  #rail { display: grid !important; grid-template-columns: repeat(4, 1fr); }
  #rail button { padding: 6px 8px; min-height: 52px; font-size: 12px; overflow-wrap: anywhere; }
  #rail button.here { padding: 5px 7px; }
  #rail button::first-line { font-size: 13px; }
  .card { padding: 12px !important; }
  .actions button { flex: 1 1 100%%; }
}
@media (prefers-reduced-motion: reduce) { * { animation: none !important; transition: none !important; } }
""" % {"before": BEFORE, "after": AFTER}

HEAD = """
<script>
document.addEventListener('click', event => {
  const button = event.target.closest('button');
  if (!button) return;
  const address = new URL(location);
  if (button.id === 'switch-language') {
    address.searchParams.set('lang', button.textContent.trim() === '中文' ? 'zh' : 'en');
    location.assign(address);
  } else if (button.id.startsWith('rail-')) {
    address.searchParams.set('tab', button.id.slice(5));
    history.replaceState(null, '', address);
  }
});
</script>
"""
