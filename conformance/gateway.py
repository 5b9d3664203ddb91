"""A gateway of one's own: starts the binary, prepares tenant and directories, stops it again."""

import json
import os
import secrets
import select
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

START_SECONDS = 60
STOP_SECONDS = 30


class GatewayError(Exception):
    """The gateway did not start, answer or stop as it should."""


class Gateway:
    """A running gateway. Use as a context manager; leaving it stops the process."""

    def __init__(self, binary, database_url, folder):
        self._binary = binary
        self._database_url = database_url
        self._folder = Path(folder)
        self.operator_token = secrets.token_hex(24)
        self.data = self._folder / "data"
        self._process = None
        self._log = None
        self.address = None

    def __enter__(self):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ROLLCALL_")}
        environment |= {
            "ROLLCALL_LISTEN": "127.0.0.1:0",
            "ROLLCALL_DATABASE_URL": self._database_url,
            "ROLLCALL_DATA_DIR": str(self.data),
            "ROLLCALL_OPERATOR_TOKEN": self.operator_token,
            # One client that waits for each answer is faster than any identity provider.
            "ROLLCALL_RATE_LIMITS": "off",
            # Proofs of domains are asked of a name server that is not there.
            "ROLLCALL_DNS_SERVER": "127.0.0.1:9",
            "ROLLCALL_LOG": os.environ.get("ROLLCALL_LOG", "info"),
        }
        self._log = open(self._folder / "gateway.log", "wb")
        try:
            self._process = subprocess.Popen(
                [self._binary, "serve"],
                env=environment,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=self._log,
            )
        except OSError as error:
            raise GatewayError(f"the gateway cannot be started: {error}") from error
        try:
            self.address = self._wait_until_ready()
        except BaseException:
            self._process.kill()
            self._process.wait()
            raise
        return self

    def __exit__(self, kind, value, trace):
        try:
            self._stop()
        except GatewayError:
            # The first error says more than the one that follows from it.
            if kind is None:
                raise
        finally:
            self._log.close()

    def _wait_until_ready(self):
        deadline = time.monotonic() + START_SECONDS
        line = b""
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([self._process.stdout], [], [], max(0, deadline - time.monotonic()))
            piece = os.read(self._process.stdout.fileno(), 1) if ready else b""
            if not piece:
                raise GatewayError(f"the gateway did not get ready; its log:\n{self.log_tail()}")
            line += piece
        text = line.decode().strip()
        if not text.startswith("listening on http://"):
            raise GatewayError(f"the first line of standard output is {text!r}")
        return text[len("listening on "):]

    def _stop(self):
        if self._process.poll() is not None:
            raise GatewayError(f"the gateway ended by itself with {self._process.returncode}:\n{self.log_tail()}")
        self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise GatewayError(f"SIGTERM did not end the gateway within {STOP_SECONDS} s:\n{self.log_tail()}") from None
        if code != 0:
            raise GatewayError(f"after SIGTERM the gateway exited with {code}:\n{self.log_tail()}")

    def log_tail(self, size=4000):
        """The end of the gateway's log."""
        return (self._folder / "gateway.log").read_bytes()[-size:].decode(errors="replace")

    def operator(self, method, path, body=None):
        """Calls the operator API; the parsed answer. GatewayError for any answer but 2xx."""
        request = urllib.request.Request(
            f"{self.address}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.operator_token}", "Content-Type": "application/json"},
        )
        # Proxies of the environment must not see calls to loopback.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=30) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise GatewayError(f"{method} {path}: {error.code} {error.read().decode(errors='replace')}") from error
        return json.loads(text) if text else None

    def create_tenant(self, slug):
        """A new tenant."""
        self.operator("POST", "/api/v1/tenants", {"slug": slug, "name": slug.capitalize()})

    def create_directory(self, tenant, kind):
        """A new directory of a kind: its SCIM base URL and token."""
        made = self.operator("POST", f"/api/v1/tenants/{tenant}/directories", {"name": kind, "kind": kind})
        return made["scim_base_url"], made["token"]
