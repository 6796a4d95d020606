"""Whether an answer says what it must: the product's own rule."""

from core.datasets.scoring import right, says

__all__ = ["right", "says"]
