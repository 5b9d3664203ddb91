"""A tenant with one of everything that an address or a body can name, made by the operator as it is used up."""

import email
import itertools
import json
import re
import secrets
import time
import urllib.error
import urllib.request
from datetime import datetime, timedelta, timezone
from email import policy
from pathlib import Path

# What is handed out, and what people choose in its place.
HANDED_OUT = "violet otter, 7 lamps"
PASSWORD = "nine quiet harbours 44"
METADATA = Path(__file__).with_name("metadata.xml").read_text()
_LINK = re.compile(r"/(invitation|reset)\?token=([A-Za-z0-9_-]+)")
_MAIL_SECONDS = 20
# How many of a kind there are at a time, and how often one may be changed before another takes its place.
_KEPT = 2
_CHANGES = 4


class Refused(Exception):
    """The gateway did not do what preparing the world needs."""


class Answer:
    """What the gateway answered: status, headers, JSON or None."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        try:
            self.json = json.loads(body)
        except ValueError:
            self.json = None


def call(address, method, path, body=None, headers=None):
    """One request; any status is an answer. A body is JSON, unless it is a text."""
    url = path if path.startswith("http") else address + path
    data = None if body is None else (body if isinstance(body, str) else json.dumps(body)).encode()
    sent = {"Content-Type": "application/json", **(headers or {})}
    request = urllib.request.Request(url, method=method, data=data, headers=sent)
    # Proxies of the environment must not see calls to loopback.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=60) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read())


def random_name(prefix):
    """A name that nothing else has."""
    return f"{prefix}-{secrets.token_hex(5)}"


class World:
    """A tenant. `take` gives the parameters of an address, `changed` says that one was used."""

    def __init__(self, address, operator_token, outbox, slug):
        self.address = address
        self.slug = slug
        self.operator_token = operator_token
        self.outbox = Path(outbox)
        self._kept = {}
        # Kinds of things take turns, each at its own pace.
        self._turns = {}
        self._round = itertools.count()
        self._mail = {}
        self._neighbour = None
        self.operator("POST", "/api/v1/tenants", {"slug": slug, "name": slug})
        self.north = self.post("/entities", {"name": "North"})["id"]
        self.office = self.post("/entities", {"name": "Office", "parent_id": self.north})["id"]
        self.south = self.post("/entities", {"name": "South"})["id"]

    @property
    def neighbour(self):
        """Another tenant, whose people are guests here and who asks for people of this one."""
        if self._neighbour is None:
            self._neighbour = World(self.address, self.operator_token, self.outbox, random_name("neighbour"))
        return self._neighbour

    def operator(self, method, path, body=None, **headers):
        """A call of the operator, which has to go well; the JSON of the answer."""
        bearer = {"Authorization": f"Bearer {self.operator_token}", **headers}
        answer = call(self.address, method, path, body, bearer)
        if not 200 <= answer.status < 300:
            raise Refused(f"{method} {path}: {answer.status} {answer.json}")
        return answer.json

    def post(self, path, body):
        """Makes something in the tenant."""
        return self.operator("POST", f"/api/v1/tenants/{self.slug}{path}", body)

    def put(self, path, body):
        """Sets something in the tenant."""
        return self.operator("PUT", f"/api/v1/tenants/{self.slug}{path}", body)

    # -- what addresses name --

    def take(self, kind):
        """One of the things that an address names below `/tenants/{tenant}/KIND`; None where there are none such."""
        make = getattr(self, f"_make_{kind.replace('-', '_')}", None)
        if make is None:
            return None
        kept = self._kept.setdefault(kind, [])
        if len(kept) < _KEPT:
            kept.append({**make(), "changes": 0})
        return kept[next(self._round) % len(kept)]

    def changed(self, kind, parameters, method):
        """A request to an address with these parameters has changed something."""
        for thing in list(self._kept.get(kind, [])):
            if all(thing.get(name, value) == value for name, value in parameters.items()):
                thing["changes"] += 1
                if method == "DELETE" or thing["changes"] > _CHANGES:
                    self._kept[kind].remove(thing)

    def put_back(self):
        """What would keep everybody out is taken back."""
        path = f"/api/v1/tenants/{self.slug}"
        activation = ["invitation", "temporary_password"]
        self.operator("PATCH", path, {"suspended": False, "activation": activation})
        self.put("/sign-in", {"mode": "local"})

    def _turn(self, kind, count):
        self._turns[kind] = self._turns.get(kind, -1) + 1
        return self._turns[kind] % count

    def person(self, **more):
        """The body of a new person, in the north and in the south by turns."""
        address = f"{random_name('ada')}@{self.slug}.example"
        entity = self.south if self._turn("person", 2) else self.north
        body = {"kind": "external", "first_name": "Ada", "last_name": "Lovelace", "email": address}
        return body | {"email_confirmation": address, "entity_id": entity} | more

    def _make_users(self):
        """Invited, with a temporary password, deactivated and deleted, by turns."""
        state = self._turn("users", 4)
        made = self.post("/users", self.person(**({"temporary_password": HANDED_OUT} if state else {})))
        path = f"/users/{made['id']}"
        if state == 2:
            self.post(f"{path}/deactivate", {})
        elif state == 3:
            self.operator("DELETE", f"/api/v1/tenants/{self.slug}{path}")
        return {"id": made["id"]}

    def _make_invitations(self):
        return {"id": self.post("/users", self.person(entity_id=self.north))["invitation"]["id"]}

    def _make_people(self):
        body = {"first_name": "Grace", "last_name": "Hopper", "entity_id": self.north}
        return {"id": self.post("/people", body)["id"]}

    def employed(self, **more):
        """Somebody with access, as they were said and with their id; a guest may be made of them elsewhere."""
        person = self.person(temporary_password=HANDED_OUT, **more)
        made = self.post("/users", person)
        chosen = {"tenant": self.slug, "email": person["email"], "password": HANDED_OUT}
        ticket = call(self.address, "POST", "/api/v1/login", chosen).json["ticket"]
        body = {"ticket": ticket, "password": PASSWORD}
        answer = call(self.address, "POST", "/api/v1/login/change-password", body)
        if answer.status != 200:
            raise Refused(f"choosing a password: {answer.status} {answer.json}")
        return {"id": made["id"], "email": person["email"]}

    def _make_guests(self):
        person = {"user_id": self.neighbour.employed()["id"], "home_tenant": self.neighbour.slug, "role": "user"}
        return {"id": self.post("/guests", person)["id"]}

    def _make_guest_requests(self):
        """What the neighbour asks of somebody here."""
        key = {"name": "guests", "permissions": ["guests.write"], "scope": "all"}
        bearer = {"Authorization": f"Bearer {self.neighbour.post('/api-keys', key)['key']}"}
        person = {"user_id": self.employed()["id"], "home_tenant": self.slug, "role": "user"}
        asked = call(self.address, "POST", f"/api/v1/tenants/{self.neighbour.slug}/guests", person, bearer)
        if asked.status != 202:
            raise Refused(f"asking for a guest: {asked.status} {asked.json}")
        found = self.operator("GET", f"/api/v1/tenants/{self.slug}/guest-requests")["items"]
        return {"id": next(one["id"] for one in found if one["user_id"] == person["user_id"])}

    def csv(self):
        """A file of two people, of whom one is refused."""
        return f"first_name,last_name,email\nAda,Lovelace,{self.person()['email']}\nGrace,Hopper,nobody\n"

    def _make_imports(self):
        path = f"/api/v1/tenants/{self.slug}/imports"
        return {"id": self.operator("POST", path, self.csv(), **{"Content-Type": "text/csv"})["id"]}

    def _make_roles(self):
        key = random_name("role")
        self.post("/roles", {"key": key, "name": key, "rights": ["agents.read"]})
        return {"role": key}

    def _make_sections(self):
        key = random_name("section")
        self.put(f"/sections/{key}", {"name_en": key, "name_fr": key, "position": 1})
        return {"section": key}

    def _make_entities(self):
        return {"id": self.post("/entities", {"name": random_name("part"), "parent_id": self.north})["id"]}

    def _make_api_keys(self):
        body = {"name": "key", "permissions": ["users.read"], "scope": {"entities": [self.north]}}
        return {"id": self.post("/api-keys", body)["id"]}

    def _make_domains(self):
        domain = f"{random_name('domain')}.example"
        self.post("/domains", {"domain": domain})
        return {"domain": domain}

    def _make_connections(self):
        """Of both kinds, by turns."""
        name = random_name("idp")
        if self._turn("connections", 2):
            body = {"kind": "oidc", "name": name, "issuer": "https://idp.invalid", "client_id": "c", "client_secret": "s"}
            return {"id": self.post("/connections", body)["id"], "key": "00000000-0000-0000-0000-000000000000"}
        made = self.post("/connections", {"kind": "saml", "name": name, "idp_metadata_xml": METADATA})
        spare = self.post(f"/connections/{made['id']}/keys", {})
        return {"id": made["id"], "key": spare["id"]}

    def _make_directories(self):
        """With a user, a group, a client, a schema and a request in its log."""
        made = self.post("/directories", {"name": random_name("directory"), "kind": "generic"})
        base = f"/directories/{made['id']}"
        issuer = {"issuer": "https://idp.invalid", "subject": "workload"}
        tomorrow = (datetime.now(timezone.utc) + timedelta(days=1)).isoformat()
        client = self.post(f"{base}/clients", {"issuer": issuer, "secret_expires_at": tomorrow})
        urn = f"urn:acme:{random_name('schema')}"
        self.post(f"{base}/schemas", {"schema": {"id": urn, "attributes": [{"name": "number"}]}})
        bearer = {"Authorization": f"Bearer {made['token']}", "Content-Type": "application/scim+json"}
        core = "urn:ietf:params:scim:schemas:core:2.0:"
        name = random_name("grace")
        user = {"schemas": [f"{core}User"], "userName": name}
        group = {"schemas": [f"{core}Group"], "displayName": name}
        path = f"{made['scim_base_url']}/"
        group_id = None
        for place, body in (("Users", user), ("Groups", group)):
            answer = call(self.address, "POST", path + place, body, bearer)
            if answer.status != 201:
                raise Refused(f"POST {place}: {answer.status} {answer.json}")
            group_id = answer.json["id"]
        return {
            "id": made["id"], "token": made["token_id"], "client": client["client_id"],
            "secret": client["secrets"][0]["id"], "issuer": client["issuers"][0]["id"], "urn": urn,
            "request": answer.headers["X-Request-Id"], "group": group_id, "bearer": made["token"],
        }

    def _make_access_errors(self):
        """The reference of a sign-in that nobody began."""
        body = {"kind": "oidc", "name": random_name("idp"), "issuer": "https://idp.invalid"}
        made = self.post("/connections", body | {"client_id": "c", "client_secret": "s"})
        answer = call(self.address, "GET", f"{made['redirect_uri']}?state=x&code=y", headers={"Accept": "application/json"})
        return {"reference": answer.json["reference"]}

    # -- what bodies of strangers carry --

    def credentials(self, **more):
        """The body of a sign-in with a password that was handed out."""
        person = self.person(temporary_password=HANDED_OUT, **more)
        self.post("/users", person)
        return {"tenant": self.slug, "email": person["email"], "password": HANDED_OUT}

    def ticket(self, **more):
        """Of a sign-in that has to choose a password, or to enrol a second factor where that is required."""
        return call(self.address, "POST", "/api/v1/login", self.credentials(**more)).json["ticket"]

    def enrolment(self):
        """Ticket and secret of a sign-in that is about to show its first code."""
        ticket = {"ticket": self.ticket(mfa_required=True)}
        answer = call(self.address, "POST", "/api/v1/login/mfa/enrol", ticket)
        return {**ticket, **answer.json}

    def invitation_token(self):
        """The token of a link to accept an invitation."""
        person = self.person()
        self.post("/users", person)
        return self._token_of_mail(person["email"], "invitation")

    def reset_token(self):
        """The token of a link to choose another password."""
        known = self.credentials()
        call(self.address, "POST", "/api/v1/password-reset", {"tenant": self.slug, "email": known["email"]})
        return self._token_of_mail(known["email"], "reset")

    def _token_of_mail(self, address, kind):
        deadline = time.monotonic() + _MAIL_SECONDS
        while time.monotonic() < deadline:
            for path in set(self.outbox.glob("*.eml")) - self._mail.keys():
                message = email.message_from_bytes(path.read_bytes(), policy=policy.default)
                link = _LINK.search(message.get_body(("plain",)).get_content())
                self._mail[path] = (str(message["To"]), *(link.groups() if link else ("", "")))
            for to, found, token in self._mail.values():
                if found == kind and address in to:
                    return token
            time.sleep(0.1)
        raise Refused(f"no mail to {address} with a link of kind {kind}")
