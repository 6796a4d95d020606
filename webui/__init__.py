"""The web page. Everything that imports gradio lives here; the work itself is in `core`."""
