"""How the page looks: one theme, one style sheet, system fonts only."""

from __future__ import annotations

from importlib import resources

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
        input_border_width="1px", input_border_color_focus="#1f817b",
        button_primary_background_fill=ACCENT, button_primary_background_fill_hover="#0c5652",
        button_primary_background_fill_dark="#1f817b", button_primary_background_fill_hover_dark="#2b948d",
        button_primary_text_color="#ffffff", button_secondary_background_fill="#ffffff",
        button_secondary_background_fill_dark="#1d2a2d", button_secondary_background_fill_hover="#eef7f6",
        button_secondary_border_color="#c2cdcf", button_secondary_border_color_dark="#3a4c50",
        button_secondary_text_color="#1b2b2c", button_secondary_text_color_dark="#e4ecec",
        checkbox_border_radius="4px", button_large_text_weight="600", button_large_padding="10px 20px",
    )


def css() -> str:
    """The style sheet of the page."""
    return resources.files("webui").joinpath("style.css").read_text(encoding="utf-8")


# Must run before Gradio's scripts. Gradio counts the seconds of each wait once a frame, and of its very first wait for
# as long as the page is open, which keeps the browser painting: 5 % of a processor core taken from training.
CALM_TIMERS = r"""
(() => {
  const frame = window.requestAnimationFrame.bind(window);
  const counts = /performance\.now\(\)-.*\/1e3/;
  window.requestAnimationFrame = call => counts.test(call) ? setTimeout(call, 100) : frame(call);
})();
"""
_HEAD = """
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
new MutationObserver(() => {  // a search shows the place that it found, and does so once
  const found = document.querySelector('#documents-rendered mark b:not([data-seen])');
  const sheet = found && found.closest('.sheet');
  if (!sheet) return;
  found.dataset.seen = '1';
  const below = found.getBoundingClientRect().top - sheet.getBoundingClientRect().top;
  sheet.scrollTop += below - sheet.clientHeight / 2;
}).observe(document.documentElement, {childList: true, subtree: true});
</script>
"""


def head() -> str:
    """What the page needs in its head: links that keep their tab, search hits that show themselves, keys, notices, what
    a click changed elsewhere."""
    here = resources.files("webui")
    scripts = [here.joinpath(name).read_text(encoding="utf-8") for name in ("keys.js", "notices.js", "reveal.js")]
    return _HEAD + "".join(f"<script>\n{script}</script>\n" for script in scripts)
