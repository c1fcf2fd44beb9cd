"""The JSON API on the network port."""

import hmac
import json
import time
from dataclasses import asdict
from http import HTTPStatus

from .fingerprint import FingerprintLibrary
from .greetings import greet_everybody
from .options import Options
from .web import Request, Response


class Api:
    """GET /api/health for Docker and the Supervisor, GET /api/greetings for everybody else."""

    def __init__(self, options: Options, library: FingerprintLibrary, version: str) -> None:
        self._options = options
        self._library = library
        self._version = version
        self._started = time.monotonic()

    def __call__(self, request: Request) -> Response:
        if request.path == "/api/health":
            return self._health()
        if request.path == "/api/greetings":
            return self._greetings(request.headers.get("authorization", ""))
        return _json({"error": "not found"}, HTTPStatus.NOT_FOUND)

    def _health(self) -> Response:
        working = self._library.is_working()
        report = {
            "status": "ok" if working else "failing",
            "version": self._version,
            "uptime_seconds": round(time.monotonic() - self._started, 1),
            "library": {"architecture": self._library.architecture, "working": working},
        }
        return _json(report, HTTPStatus.OK if working else HTTPStatus.SERVICE_UNAVAILABLE)

    def _greetings(self, authorization: str) -> Response:
        if self._options.password and not _is_bearer(self._options.password, authorization):
            error = {"error": "the password is needed as a bearer token"}
            challenge = {"WWW-Authenticate": "Bearer"}
            return _json(error, HTTPStatus.UNAUTHORIZED, challenge)
        greetings = greet_everybody(self._options, self._library)
        return _json([asdict(greeting) for greeting in greetings])


def _is_bearer(password: str, authorization: str) -> bool:
    # http.server reads headers as Latin-1; compare_digest tells nothing by the time it takes.
    return hmac.compare_digest(authorization.encode("latin-1"), f"Bearer {password}".encode())


def _json(
    value: object,
    status: HTTPStatus = HTTPStatus.OK,
    headers: dict[str, str] | None = None,
) -> Response:
    return Response(json.dumps(value) + "\n", "application/json", status, headers or {})
