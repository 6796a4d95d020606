"""One module a tab; each has `build(page)` that renders the tab and registers its handlers."""
