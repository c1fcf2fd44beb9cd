"""What the service is about."""

from dataclasses import dataclass

from .fingerprint import FingerprintLibrary
from .options import Options


@dataclass(frozen=True)
class Greeting:
    """A greeting, and the fingerprint of the name that it is for."""

    text: str
    fingerprint: str


def greet_everybody(options: Options, library: FingerprintLibrary) -> list[Greeting]:
    """Return one greeting per name, in the order of the options."""
    return [
        Greeting(f"{options.greeting}, {name}!", f"{library.fingerprint(name):016x}")
        for name in options.names
    ]
