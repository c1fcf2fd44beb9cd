"""The add-on's options, as the Supervisor validated them against the schema in config.yaml."""

import json
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """One field per key of the schema; the defaults serve a container without options."""

    greeting: str = "Hello"
    names: tuple[str, ...] = ("World",)
    refresh_seconds: int = 60
    log_level: str = "info"
    password: str = field(default="", repr=False)

    def for_display(self) -> dict[str, str]:
        """Return every option as text that may be shown: of the password, only whether it is set."""
        return {
            "greeting": self.greeting,
            "names": ", ".join(self.names),
            "refresh_seconds": str(self.refresh_seconds),
            "log_level": self.log_level,
            "password": "••••••••" if self.password else "not set",
        }


def load_options(path: Path) -> Options:
    """Read the options; without a file they have their defaults.

    Raises OSError or ValueError if the file cannot be used.
    """
    if not path.exists():
        return Options()
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if "names" in values:
            values["names"] = tuple(values["names"])
        return Options(**values)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path} does not fit the schema: {error}") from error
