"""Starts both servers and waits for the signal to stop."""

import logging
import os
import signal
import sys
from pathlib import Path

from .api import Api
from .fingerprint import FingerprintLibrary
from .ingress import Ingress
from .options import load_options
from .web import Server

_LIBRARY = Path("/usr/lib/example/libfingerprint.so")
_OPTIONS = Path("/run/example/options.json")
_API_PORT = 8000
_INGRESS_PORT = 8099
_STOP_SIGNALS = {signal.SIGTERM, signal.SIGINT}

_LOG = logging.getLogger("greeter")


def main() -> int:
    """Run until SIGTERM or SIGINT and return the exit code: 1 if the service could not start."""
    # Blocked in every thread, and taken one at a time by sigwait.
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)
    logging.basicConfig(
        stream=sys.stdout, format="[%(asctime)s] %(levelname)s: %(message)s", datefmt="%H:%M:%S"
    )
    try:
        options = load_options(_OPTIONS)
        logging.getLogger().setLevel(options.log_level.upper())
        library = FingerprintLibrary(_LIBRARY)
        version = os.environ.get("EXAMPLE_VERSION", "unknown")
        servers = [
            Server(_API_PORT, Api(options, library, version)),
            Server(_INGRESS_PORT, Ingress(options, library)),
        ]
    except (OSError, ValueError) as error:
        _LOG.critical("Cannot start: %s", error)
        return 1

    for server in servers:
        server.start()
    _LOG.info("Version %s for %s started with %s", version, library.architecture, options)
    received = signal.Signals(signal.sigwait(_STOP_SIGNALS))
    for server in servers:
        server.stop()
    _LOG.info("Stopped by %s", received.name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
