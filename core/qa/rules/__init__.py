"""Rules that read facts out of Markdown and word questions, in English and Chinese, without a model."""
