"""A small HTTP server around functions from request to response."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from threading import Thread

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Request:
    """A GET request. The names of the headers are in lower case."""

    path: str
    client: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Response:
    """The answer to a request; the body is sent as UTF-8."""

    body: str
    content_type: str = "text/plain"
    status: HTTPStatus = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)


Application = Callable[[Request], Response]


# Not http.server.HTTPServer: that one asks the DNS for its own name before it serves.
class Server(ThreadingTCPServer):
    """Serves one application on one port of every interface."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port: int, application: Application) -> None:
        """Take the port, or raise OSError."""
        self.application = application
        super().__init__(("", port), _Handler)

    def start(self) -> None:
        """Serve in the background until stop is called."""
        # The interval bounds how long stop takes.
        Thread(target=self.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()

    def stop(self) -> None:
        """Give the port back."""
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Server
    server_version = "greeter"
    sys_version = ""
    timeout = 10  # seconds that a silent client may keep its thread

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.path.partition("?")[0], self.client_address[0], headers)
        response = self.server.application(request)
        body = response.body.encode()
        self.send_response(response.status)
        self.send_header("Content-Type", f"{response.content_type}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        _LOG.debug("%s " + format, self.address_string(), *args)
