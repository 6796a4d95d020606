"""RUN.yaml: a training run's settings as a readable file; what the page previews is what the command reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.errors import UserError
from core.training.settings import TrainSettings

_HEAD = "# Training run. Start it with: python app.py train RUN.yaml\n"
_MAX_BYTES = 100_000


def to_yaml(settings: TrainSettings) -> str:
    """The settings as YAML, every field in the order of the table, defaults included."""
    import yaml

    return _HEAD + yaml.safe_dump(settings.model_dump(), allow_unicode=True, sort_keys=False, width=100)


def read_yaml(path: Path) -> TrainSettings:
    """The settings in a file. Fields that it leaves out have their defaults.

    Raises:
        UserError: no such file, not YAML, not a list of settings, or values that the table does not allow.
    """
    import yaml

    try:
        with path.open("rb") as file:
            text = file.read(_MAX_BYTES).decode("utf-8-sig")
        values: Any = yaml.safe_load(text)
    except OSError as error:
        raise UserError("train.error.yaml_missing", file=path.name) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UserError("train.error.yaml_damaged", file=path.name) from error
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise UserError("train.error.yaml_damaged", file=path.name)
    return TrainSettings.load(values)
