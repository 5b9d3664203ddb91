"""Values for bodies and queries, so that what a document cannot say holds too: ids that exist, two fields alike."""

from totp import totp
from world import METADATA, PASSWORD, random_name

# Nothing that is sent may lead a request of the gateway to somebody's real host (RFC 2606).
_NOWHERE = {
    "issuer": "https://idp.invalid",
    "jwks_uri": "https://idp.invalid/keys",
    "idp_metadata_url": "https://idp.invalid/metadata",
    "allowed_hosts": ["idp.invalid"],
}

_OF_OIDC = {"issuer", "client_id", "client_secret", "allowed_hosts"}
_OF_SAML = {"idp_metadata_url", "idp_metadata_xml", "idp_entity_id"}


def fill(said, world, caller, chance, share):
    """A copy of a body or a query in which some values are those of the world. With `share` 0 only addresses of hosts
    are replaced, so that what was made to be wrong is wrong as before."""
    if isinstance(said, list):
        return [fill(element, world, caller, chance, share) for element in said]
    if not isinstance(said, dict):
        return said
    filled = {}
    for name, value in said.items():
        if name in _NOWHERE and type(value) is type(_NOWHERE[name]) and value:
            filled[name] = _NOWHERE[name]
        elif name == "sections" and value is not None and chance.random() < share:
            key = world.take("sections")["section"]
            filled[name] = [key] if isinstance(value, list) else {key: True}
        elif name in _KNOWN and value is not None and chance.random() < share:
            filled[name] = _KNOWN[name](world, caller)
        else:
            filled[name] = fill(value, world, caller, chance, share)
    return _agree(filled) if share else filled


def whole(method, path, parameters, world):
    """A body of which no part can be chosen apart from the others; None for most operations."""
    make = _WHOLE.get((method, path.removeprefix("/api/v1").removeprefix("/tenants/{tenant}")))
    return make(world, parameters) if make else None


def file(method, path, world):
    """The text that an operation takes in place of JSON; None for most."""
    return world.csv() if (method, path) == ("POST", "/api/v1/tenants/{tenant}/imports") else None


def _first_code(world, _):
    enrolment = world.enrolment()
    return {"ticket": enrolment["ticket"], "code": totp(enrolment["secret"])}


_WHOLE = {
    ("POST", "/login"): lambda world, _: world.credentials(),
    ("POST", "/login/mfa"): _first_code,
    ("POST", "/login/mfa/enrol"): lambda world, _: {"ticket": world.ticket(mfa_required=True)},
    ("POST", "/password-reset/complete"): lambda world, _: {"token": world.reset_token(), "password": _password()},
    ("POST", "/users"): lambda world, _: world.person(sections={world.take("sections")["section"]: True}),
    ("POST", "/users/bulk"): lambda world, _: {"users": [world.person(), world.person(email="nobody")]},
    ("POST", "/users/bulk-delete"): lambda world, _: {"ids": [world.take("users")["id"], world.north]},
    ("POST", "/guests"): lambda world, _: _guest(world),
    ("PATCH", "/users/{id}"): lambda world, _: {"first_name": "Augusta", "entity_id": world.office},
    ("PUT", "/users/{id}/password"): lambda *_: {"password": _password(), "current_admin_password": PASSWORD},
    ("POST", "/users/{id}/erase"): lambda _, parameters: {"confirm": parameters["id"]},
    ("PUT", "/directories/{id}/schemas/{urn}"): lambda _, parameters: {"schema": _schema(parameters["urn"])},
}


def _guest(world):
    home = world.neighbour
    return {"user_id": home.employed()["id"], "home_tenant": home.slug, "role": "user"}


def _agree(said):
    """What has to go together in one body."""
    if "email_confirmation" in said and said.get("email"):
        said["email_confirmation"] = said["email"]
    # The metadata is said in one way only.
    strange = {"oidc": _OF_SAML, "saml": _OF_OIDC | {"idp_metadata_url"}}.get(str(said.get("kind")), set())
    if "current_password" in said:
        # A second factor is proven in one way only.
        strange = strange | {"code"}
    return {name: value for name, value in said.items() if name not in strange}


def _new_address(world, _):
    return f"{random_name('ada')}@{world.slug}.example"


def _password(*_):
    # Never the one of before.
    return random_name("nine quiet harbours")


def _schema(urn):
    return {"id": urn, "attributes": [{"name": "number"}]}


_KNOWN = {
    "tenant": lambda world, _: world.slug,
    "home_tenant": lambda world, _: world.neighbour.slug,
    "entity_id": lambda world, _: world.north,
    "parent_id": lambda world, _: world.north,
    "default_entity_id": lambda world, _: world.north,
    "entity": lambda world, _: world.north,
    "entities": lambda world, _: [world.office],
    "person_id": lambda world, _: world.take("people")["id"],
    "person": lambda world, _: world.take("users")["id"],
    "directory_id": lambda world, _: world.take("directories")["id"],
    "group_id": lambda world, _: world.take("directories")["group"],
    "role": lambda world, _: world.take("roles")["role"],
    "key": lambda *_: random_name("role"),
    "rights": lambda *_: ["agents.read"],
    "contact_tags": lambda *_: ["billing"],
    "slug": lambda *_: random_name("tenant"),
    "name": lambda *_: random_name("name"),
    "first_name": lambda *_: "Ada",
    "last_name": lambda *_: "Lovelace",
    "client_id": lambda *_: "client",
    "client_secret": lambda *_: "secret",
    "domain": lambda *_: f"{random_name('domain')}.example",
    "domains": lambda *_: [f"{random_name('domain')}.example"],
    "email": _new_address,
    "password": _password,
    "temporary_password": _password,
    "current_password": lambda *_: PASSWORD,
    "current_admin_password": lambda *_: PASSWORD,
    "ticket": lambda world, _: world.ticket(),
    "token": lambda world, _: world.invitation_token(),
    "code": lambda _, caller: caller.code(),
    "phone_landline": lambda *_: "+33 1 23 45 67 89",
    "phone_mobile": lambda *_: "+33 6 12 34 56 78",
    "access_start": lambda *_: "2026-01-02",
    "access_end": lambda *_: "2999-12-30",
    "access_code": lambda *_: "4711",
    "time_zone": lambda *_: "Europe/Paris",
    "country": lambda *_: "FR",
    "activation": lambda *_: ["invitation"],
    "algorithms": lambda *_: ["RS256"],
    "request_binding": lambda *_: "redirect",
    "idp_metadata_xml": lambda *_: METADATA,
    "idp_entity_id": lambda *_: "https://idp.invalid/metadata",
    "expires_at": lambda *_: "2099-01-01T00:00:00Z",
    "secret_expires_at": lambda *_: "2099-01-01T00:00:00Z",
    "at": lambda *_: "2026-11-22",
    "from": lambda *_: "2026-01-01",
    "to": lambda *_: "2099-01-01",
    "method": lambda *_: "GET",
    "path": lambda *_: "/Users",
    "schema": lambda *_: _schema(f"urn:acme:{random_name('schema')}"),
}
