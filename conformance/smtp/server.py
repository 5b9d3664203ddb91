"""A mail server made of aiosmtpd, on a free port of loopback, which keeps what it is sent and tells what it made of it.

    run '{"certificate": "chain.pem", "key": "key.pem", "user": "gateway", "password": "..."}'

certificate, key   files of PEM; STARTTLS is offered where there are some, and no AUTH before it
wrapped            true: TLS from the first byte instead
user, password     AUTH is offered, and no mail is taken without it
mechanisms         those of AUTH: ["PLAIN", "LOGIN"] when not said
answers            to RCPT by address: {"ada@acme.example": "550 5.1.1 no such mailbox"}; 250 when not said
hold               nothing more is said after RCPT ("recipient"), or after a message was taken ("message")

It prints `listening smtp://localhost:PORT at 127.0.0.1:CONTROL` and ends when its standard input does. At CONTROL:

    POST /test/configure   {"answers": {...}, "hold": null}: adds answers, sets what is held. 204
    POST /test/down        closes the port and every connection. 204
    POST /test/up          opens the same port again. 204
    GET  /test/seen        {"commands": [...], "logins": [...], "messages": [...]}

commands  EHLO, STARTTLS, AUTH, MAIL, RCPT, DATA in their order, each with whether it came under TLS
logins    names and passwords as they were shown, with the mechanism, and whether they were right
messages  envelope and message, read by Python's `email` under its default policy, and what that found wrong with it
"""

import asyncio
import json
import logging
import os
import re
import ssl
import sys
import threading
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

MECHANISMS = ("PLAIN", "LOGIN")


def read(content):
    """A message as a reader of mail sees it."""
    message = message_from_bytes(content, policy=policy.default)
    parts = list(message.iter_parts())
    defects = [defect for part in message.walk() for defect in part.defects]
    defects += [defect for _, header in message.items() for defect in header.defects]
    addresses = lambda name: [
        {"name": one.display_name, "address": one.addr_spec} for one in message[name].addresses
    ]
    lines = content.split(b"\r\n")
    return {
        "header_names": [name.lower() for name in message.keys()],
        "from": addresses("from"),
        "to": addresses("to"),
        "subject": message["subject"],
        "date": message["date"].datetime.isoformat(),
        "message_id": message["message-id"],
        "content_type": message.get_content_type(),
        "parts": [
            {
                "content_type": part.get_content_type(),
                "charset": part.get_content_charset(),
                "text": part.get_content(),
            }
            for part in parts
        ],
        "defects": [repr(defect) for defect in defects],
        "bare_line_ends": len(re.findall(rb"(?<!\r)\n|\r(?!\n)", content)),
        "longest_line": max(map(len, lines)),
        "is_ascii": content.isascii(),
    }


class Desk:
    """What the server is told, what it has seen, and what it answers."""

    def __init__(self, told):
        self.told = {"answers": {}, "hold": None, **told}
        self.commands, self.logins, self.messages = [], [], []
        self.released = asyncio.Event()

    def configure(self, told):
        self.told["answers"].update(told.get("answers", {}))
        if "hold" in told:
            self.told["hold"] = told["hold"]
            self.released.set()
            self.released = asyncio.Event()

    async def hold(self, stage):
        if self.told["hold"] == stage:
            await self.released.wait()

    def authenticate(self, server, session, envelope, mechanism, shown):
        if not isinstance(shown, LoginPassword):
            return AuthResult(success=False)
        user, password = shown.login.decode(), shown.password.decode()
        right = (user, password) == (self.told["user"], self.told["password"])
        self.logins.append({"mechanism": mechanism, "user": user, "password": password, "right": right})
        return AuthResult(success=right, auth_data=user, handled=False)

    async def handle_RCPT(self, server, session, envelope, address, options):
        await self.hold("recipient")
        answer = self.told["answers"].get(address, "250 ok")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server, session, envelope):
        self.messages.append({
            "mail_from": envelope.mail_from,
            "rcpt_tos": envelope.rcpt_tos,
            "tls": server.is_secure,
            "user": session.auth_data if session.authenticated else None,
            **read(envelope.content),
        })
        await self.hold("message")
        return "250 taken"


class Noting(SMTP):
    """Writes down the commands, whatever comes of them."""

    is_secure = False

    def connection_made(self, transport):
        self.is_secure = transport.get_extra_info("ssl_object") is not None
        super().connection_made(transport)


def noting(name):
    inherited = getattr(SMTP, f"smtp_{name}")

    async def method(self, argument):
        self.event_handler.commands.append({"command": name, "tls": self.is_secure})
        return await inherited(self, argument)

    # What they ask for and what they say of themselves is known by attributes.
    method.__dict__.update(inherited.__dict__)
    return method


for command in ("EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA"):
    setattr(Noting, f"smtp_{command}", noting(command))


class MailServer:
    """The port, which may be closed for a while."""

    def __init__(self, told):
        self.desk = Desk(told)
        self.port = 0
        self.listener = None
        self.connections = set()
        self.settings = {"hostname": "mail.test", "enable_SMTPUTF8": True}
        self.context = None
        if "certificate" in told:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(told["certificate"], told["key"])
        self.is_wrapped = told.get("wrapped", False)
        offers_tls = self.context is not None and not self.is_wrapped
        if offers_tls:
            self.settings["tls_context"] = self.context
        if "user" in told:
            refused = set(MECHANISMS) - set(told.get("mechanisms", MECHANISMS))
            self.settings.update(
                authenticator=self.desk.authenticate, auth_required=True, auth_require_tls=offers_tls,
                auth_exclude_mechanism=refused,
            )

    def serve(self):
        connection = Noting(self.desk, loop=asyncio.get_running_loop(), **self.settings)
        self.connections.add(connection)
        return connection

    async def up(self):
        loop = asyncio.get_running_loop()
        context = self.context if self.is_wrapped else None
        self.listener = await loop.create_server(self.serve, "127.0.0.1", self.port, ssl=context)
        self.port = self.listener.sockets[0].getsockname()[1]

    async def down(self):
        self.listener.close()
        for connection in self.connections:
            if connection.transport is not None:
                connection.transport.abort()
        self.connections.clear()

    async def configure(self, told):
        self.desk.configure(told)

    async def seen(self):
        desk = self.desk
        return {"commands": desk.commands, "logins": desk.logins, "messages": desk.messages}


class Control(BaseHTTPRequestHandler):
    """Tells the server things, and asks it."""

    server_to_tell, loop = None, None

    def run(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()

    def do_POST(self):
        text = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        server = self.server_to_tell
        routes = {
            "/test/configure": lambda: server.configure(json.loads(text)),
            "/test/down": server.down,
            "/test/up": server.up,
        }
        self.run(routes[self.path]())
        self.send_response(204)
        self.end_headers()

    def do_GET(self):
        body = json.dumps(self.run(self.server_to_tell.seen())).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


async def main():
    # It warns of what is asked of it on purpose, and shows a stack where a client does not trust it.
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    server = MailServer(json.loads(sys.argv[1]) if len(sys.argv) > 1 else {})
    await server.up()
    Control.server_to_tell, Control.loop = server, asyncio.get_running_loop()
    control = ThreadingHTTPServer(("127.0.0.1", 0), Control)
    threading.Thread(target=control.serve_forever, daemon=True).start()
    scheme = "smtps" if server.is_wrapped else "smtp"
    print(f"listening {scheme}://localhost:{server.port} at 127.0.0.1:{control.server_address[1]}", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    # Whoever is still being served has nobody left to read it.
    os._exit(0)


asyncio.run(main())
