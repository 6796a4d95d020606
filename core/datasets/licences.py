"""Licences that a dataset may be given, for its card: the names that Hugging Face and ModelScope know."""

from __future__ import annotations

from core.errors import UserError

LICENCES: dict[str, tuple[str, str]] = {
    "cc0-1.0": ("CC0 1.0", "https://creativecommons.org/publicdomain/zero/1.0/"),
    "cc-by-4.0": ("CC BY 4.0", "https://creativecommons.org/licenses/by/4.0/"),
    "cc-by-sa-4.0": ("CC BY-SA 4.0", "https://creativecommons.org/licenses/by-sa/4.0/"),
    "cc-by-nc-4.0": ("CC BY-NC 4.0", "https://creativecommons.org/licenses/by-nc/4.0/"),
    "odc-by": ("ODC-BY 1.0", "https://opendatacommons.org/licenses/by/1-0/"),
    "apache-2.0": ("Apache 2.0", "https://www.apache.org/licenses/LICENSE-2.0"),
    "mit": ("MIT", "https://opensource.org/license/mit"),
}
"""Key → (name, where it can be read)."""
PRIVATE = "private"
"""Not to be passed on; the usual state of what is made of one's own documents."""
CHOICES = ("", PRIVATE, *LICENCES)


def checked(licence: str) -> str:
    """The key itself. Raises UserError for one that is not in CHOICES."""
    if licence not in CHOICES:
        raise UserError("dataset.error.licence", name=licence, known=", ".join(CHOICES[1:]))
    return licence
