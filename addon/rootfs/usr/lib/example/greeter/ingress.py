"""The page that Home Assistant shows in its own frame.

https://developers.home-assistant.io/docs/apps/presentation#ingress
"""

from collections.abc import Iterable
from html import escape
from http import HTTPStatus

from .fingerprint import FingerprintLibrary
from .greetings import greet_everybody
from .options import Options
from .web import Request, Response

# The Supervisor has checked the user's session; nobody else has. 127.0.0.1 is this container.
_ALLOWED_CLIENTS = frozenset({"172.30.32.2", "127.0.0.1"})

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'",
    "Cache-Control": "no-store",
}

_STYLE = """\
body { font-family: sans-serif; margin: 2rem; color: #212121; background: #fafafa; }
h1 { color: #03748b; }
td, th { padding: 0.3rem 1.5rem 0.3rem 0; text-align: left; }
@media (prefers-color-scheme: dark) {
  body { color: #e1e1e1; background: #111; }
  h1 { color: #4dc3d9; }
}
"""

_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="refresh" content="{refresh_seconds}">
<title>Greeter</title>
<link rel="stylesheet" href="{base}/style.css">
</head>
<body>
<h1>Greetings</h1>
<table>{greetings}</table>
<h2>Options</h2>
<table>{options}</table>
</body>
</html>
"""


class Ingress:
    """Serves the page and its style sheet."""

    def __init__(self, options: Options, library: FingerprintLibrary) -> None:
        self._options = options
        self._library = library

    def __call__(self, request: Request) -> Response:
        if request.client not in _ALLOWED_CLIENTS:
            return Response("Open this page in Home Assistant.\n", status=HTTPStatus.FORBIDDEN)
        if request.path == "/":
            # Where the user's browser finds this server: /api/hassio_ingress/<token>
            base = request.headers.get("x-ingress-path", "")
            return Response(self._page(base), "text/html", headers=_HEADERS)
        if request.path == "/style.css":
            return Response(_STYLE, "text/css", headers=_HEADERS)
        return Response("Not found.\n", status=HTTPStatus.NOT_FOUND)

    def _page(self, base: str) -> str:
        greetings = greet_everybody(self._options, self._library)
        return _PAGE.format(
            base=escape(base),
            refresh_seconds=self._options.refresh_seconds,
            greetings=_rows((greeting.text, greeting.fingerprint) for greeting in greetings),
            options=_rows(self._options.for_display().items()),
        )


def _rows(pairs: Iterable[tuple[str, str]]) -> str:
    return "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in pairs
    )
