"""Base models: the catalogue, their download and conversion, local folders, and chat templates.

Nothing here imports torch or transformers at import time; the download job and the trainer do so inside functions.
"""
