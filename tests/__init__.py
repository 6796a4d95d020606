"""Tests. A package, so that helpers are importable as `tests.fakes` and `tests.browser.driving`."""
