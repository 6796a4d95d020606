"""The product without its web page: importable as a library, never imports gradio."""
