"""A SAML identity provider made of pysaml2, on a free port of loopback, which signs people in without a form.

    run '{"service_providers": {...}, "origin": "https://idp.test:8443"}'

service_providers  by entity id, each with
    metadata    its SAML metadata as XML
    person      who signs in: {"name_id": "ada-1815", "format": "urn:...:persistent", "attributes": {"mail": ["..."]}};
                attributes by the names that pysaml2 knows: mail, givenName, sn, displayName, isMemberOf
    sign        what is signed: ["assertion"] when not said, "response"
    encrypt     {"content": "http://...#aes256-cbc", "key": "http://...#rsa-oaep-mgf1p"}; nothing when not said
    change      what is odd about the response, before it is signed: a path into it and what stands there then,
                {"assertion.conditions.audience_restriction.0.audience.0.text": "https://other.example",
                 "assertion.authn_statement": []}
origin             what it calls itself when something stands before it that ends TLS; else http://127.0.0.1:PORT

It prints `listening ORIGIN at 127.0.0.1:PORT` and ends when its standard input does. Requests must be signed.

    GET  /metadata
    GET, POST /sso, /slo          the bindings HTTP-Redirect and HTTP-POST
    GET  /unsolicited?sp=ID&RelayState=...   a response that nobody asked for
    GET  /sign-out?sp=ID          signs the person out at the service provider; where its answer arrives says how it went
    POST /test/configure          the same JSON: adds service providers or replaces those of the same id. 204
"""

import base64
import datetime
import json
import os
import shutil
import sys
import tempfile
import threading
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT, class_name
from saml2.authn_context import PASSWORDPROTECTEDTRANSPORT
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.saml import NAMEID_FORMAT_PERSISTENT, NameID
from saml2.server import Server
from saml2.sigver import pre_encrypt_assertion, pre_encryption_part, pre_signature_part, signed_instance_factory
from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256

ISSUER = "{urn:oasis:names:tc:SAML:2.0:assertion}Issuer"
ONE_AT_A_TIME = threading.Lock()


def make_key(folder):
    """A key and a certificate that it signs itself, as idp.pem and idp.crt."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "pysaml2.test")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    (folder / "idp.pem").write_bytes(private)
    (folder / "idp.crt").write_bytes(certificate.public_bytes(pem))


class ServiceProvider:
    """One service provider, what is said to it, and what was said last."""

    def __init__(self, idp, entity_id, told):
        self.entity_id = entity_id
        self.told = told
        self.server = Server(config=idp.config({"inline": [told["metadata"]]}))
        self.last = None

    def acs(self):
        [service] = self.server.metadata.assertion_consumer_service(self.entity_id, BINDING_HTTP_POST)
        return service["location"]

    def response(self, in_response_to, destination):
        """A signed response as XML."""
        person = self.told["person"]
        name_id = NameID(format=person.get("format", NAMEID_FORMAT_PERSISTENT), text=person["name_id"])
        response = self.server.create_authn_response(
            person.get("attributes", {}), in_response_to, destination, self.entity_id, name_id=name_id,
            authn={"class_ref": PASSWORDPROTECTEDTRANSPORT}, sign_response=False, sign_assertion=False,
            encrypt_assertion=False,
        )
        if isinstance(response.assertion, list):
            [response.assertion] = response.assertion
        for path, value in self.told.get("change", {}).items():
            put(response, path, value)
        statements = response.assertion.authn_statement
        self.last = (name_id, [statement.session_index for statement in statements])
        return self.sign(response)

    def sign(self, response):
        """Signs and encrypts as told."""
        security = self.server.sec
        wanted = self.told.get("sign", ["assertion"])
        parts = {"assertion": response.assertion, "response": response}
        named = {name: [(class_name(part), part.id)] for name, part in parts.items()}
        for name in wanted:
            parts[name].signature = pre_signature_part(
                parts[name].id, security.my_cert, digest_alg=DIGEST_SHA256, sign_alg=SIG_RSA_SHA256
            )
        encrypt = self.told.get("encrypt")
        if encrypt:
            tag = response.assertion._to_element_tree().tag
            response = pre_encrypt_assertion(response)
            response = response.get_xml_string_with_self_contained_assertion_within_encrypted_assertion(tag)
        if "assertion" in wanted:
            response = signed_instance_factory(response, security, named["assertion"])
        if encrypt:
            response = self.encrypt(str(response), encrypt)
        if "response" in wanted:
            response = signed_instance_factory(response, security, named["response"])
        return str(response)

    def encrypt(self, xml, algorithms):
        [(_, certificate), *_] = self.server.metadata.certs(self.entity_id, "any", "encryption")
        lines = "\n".join(certificate.split())
        size = algorithms["content"].split("#aes")[1][:3]
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
            file.write(f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n")
            file.flush()
            template = pre_encryption_part(msg_enc=algorithms["content"], key_enc=algorithms["key"])
            return self.server.sec.encrypt_assertion(xml, file.name, template, key_type=f"aes-{size}")


def put(target, path, value):
    """Sets what a path of attributes and numbers leads to."""
    *steps, last = path.split(".")
    for step in steps:
        target = target[int(step)] if step.isdigit() else getattr(target, step)
    if last.isdigit():
        target[int(last)] = value
    else:
        setattr(target, last, value)


class IdentityProvider:
    def __init__(self, origin, folder):
        self.origin = origin
        self.folder = folder
        self.known = {}

    def config(self, metadata):
        both = [BINDING_HTTP_REDIRECT, BINDING_HTTP_POST]
        return IdPConfig().load({
            "entityid": f"{self.origin}/metadata",
            "key_file": str(self.folder / "idp.pem"),
            "cert_file": str(self.folder / "idp.crt"),
            "xmlsec_binary": shutil.which("xmlsec1"),
            "metadata": metadata,
            "service": {"idp": {
                "endpoints": {
                    "single_sign_on_service": [(f"{self.origin}/sso", binding) for binding in both],
                    "single_logout_service": [(f"{self.origin}/slo", binding) for binding in both],
                },
                "want_authn_requests_signed": True,
                "policy": {"default": {"lifetime": {"minutes": 5}, "fail_on_missing_requested": False}},
            }},
        })

    def configure(self, change):
        for entity_id, told in change.get("service_providers", {}).items():
            self.known[entity_id] = ServiceProvider(self, entity_id, told)

    def metadata(self):
        return str(entity_descriptor(self.config({})))

    def sso(self, form, binding):
        provider = self.sender(form["SAMLRequest"], binding)
        request = provider.server.parse_authn_request(form["SAMLRequest"], binding, **signature_of(form)).message
        if request.assertion_consumer_service_url != provider.acs():
            raise ValueError("the assertion consumer service is not the one of the metadata")
        xml = provider.response(request.id, request.assertion_consumer_service_url)
        return self.post_form(provider, xml, request.assertion_consumer_service_url, form.get("RelayState", ""))

    def unsolicited(self, form):
        provider = self.known[form["sp"]]
        xml = provider.response(None, provider.acs())
        return self.post_form(provider, xml, provider.acs(), form.get("RelayState", ""))

    def slo(self, form, binding):
        if "SAMLResponse" in form:
            provider = self.sender(form["SAMLResponse"], binding)
            answer = provider.server.parse_logout_request_response(form["SAMLResponse"], binding)
            return {"data": f"<!doctype html><title>Signed out</title><p>{answer.response.status.status_code.value}"}
        provider = self.sender(form["SAMLRequest"], binding)
        server = provider.server
        request = server.parse_logout_request(form["SAMLRequest"], binding, **signature_of(form)).message
        if provider.last is None or request.name_id.text != provider.last[0].text:
            raise ValueError("nobody of this name is signed in")
        back, destination = server.pick_binding("single_logout_service", [binding], "spsso", request)
        by_post = back == BINDING_HTTP_POST
        algorithms = {"sign_alg": SIG_RSA_SHA256, "digest_alg": DIGEST_SHA256}
        answer = server.create_logout_response(request, [back], sign=by_post, **algorithms)
        # Without a word about it, addresses would be signed with SHA-1.
        return server.apply_binding(
            back, str(answer), destination, form.get("RelayState", ""), response=True, sign=not by_post,
            sigalg=SIG_RSA_SHA256,
        )

    def sign_out(self, form):
        provider = self.known[form["sp"]]
        server = provider.server
        name_id, indexes = provider.last
        binding, destination = server.pick_binding(
            "single_logout_service", [BINDING_HTTP_REDIRECT], "spsso", entity_id=form["sp"]
        )
        _, request = server.create_logout_request(
            destination, form["sp"], name_id=name_id, session_indexes=indexes, sign=False
        )
        return server.apply_binding(
            binding, str(request), destination, "here and <there>", sign=True, sigalg=SIG_RSA_SHA256
        )

    def sender(self, message, binding):
        xml = base64.b64decode(message)
        if binding == BINDING_HTTP_REDIRECT:
            xml = zlib.decompress(xml, -15)
        return self.known[ElementTree.fromstring(xml).find(ISSUER).text]

    def post_form(self, provider, xml, destination, relay_state):
        return provider.server.apply_binding(BINDING_HTTP_POST, xml, destination, relay_state, response=True, sign=False)


def signature_of(form):
    return {"relay_state": form.get("RelayState"), "sigalg": form.get("SigAlg"), "signature": form.get("Signature")}


class Handler(BaseHTTPRequestHandler):
    idp = None

    def do_GET(self):
        self.answer(urlsplit(self.path).query, BINDING_HTTP_REDIRECT)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.answer(body, BINDING_HTTP_POST)

    def answer(self, text, binding):
        path = urlsplit(self.path).path
        try:
            with ONE_AT_A_TIME:
                if path == "/test/configure":
                    self.idp.configure(json.loads(text))
                    return self.reply(204, "")
                if path == "/metadata":
                    return self.reply(200, self.idp.metadata(), [("Content-Type", "application/samlmetadata+xml")])
                # Every parameter once.
                form = {name: value for name, [value] in parse_qs(text).items()}
                routes = {
                    "/sso": lambda: self.idp.sso(form, binding),
                    "/slo": lambda: self.idp.slo(form, binding),
                    "/unsolicited": lambda: self.idp.unsolicited(form),
                    "/sign-out": lambda: self.idp.sign_out(form),
                }
                if path not in routes:
                    return self.reply(404, "")
                said = routes[path]()
        except Exception as error:  # whatever pysaml2 finds wrong is the answer
            return self.reply(400, f"{type(error).__name__}: {error}", [("Content-Type", "text/plain")])
        headers = said.get("headers", [("Content-Type", "text/html; charset=utf-8")])
        redirects = any(name == "Location" for name, _ in headers)
        return self.reply(303 if redirects else 200, "" if redirects else said["data"], headers)

    def reply(self, status, body, headers=()):
        data = (body if isinstance(body, str) else "".join(body)).encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def main():
    settings = json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}
    with tempfile.TemporaryDirectory(prefix="rollcall-pysaml2-") as folder:
        make_key(Path(folder))
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        port = server.server_address[1]
        Handler.idp = IdentityProvider(settings.get("origin", f"http://127.0.0.1:{port}"), Path(folder))
        Handler.idp.configure(settings)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(f"listening {Handler.idp.origin} at 127.0.0.1:{port}", flush=True)
        sys.stdin.read()
    # Whatever is still being answered has nobody left to read it.
    os._exit(0)


main()
