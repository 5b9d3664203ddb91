"""What schemathesis calls: most requests are turned to what the caller's tenant has, and every one shows who calls.

What was made to be wrong stays wrong: only the parts of a request that fit the document are touched.
"""

import os
import random
import re

import schemathesis
from schemathesis.core.parameters import ParameterLocation

import bodies
from callers import CALLERS
from world import World, random_name

_NAME = os.environ["ROLLCALL_CALLER"]
_RANDOM = random.Random(_NAME)
# How many of the requests that could be about the tenant's things are.
_SHARE = 0.85

_world = World(
    os.environ["ROLLCALL_ADDRESS"],
    os.environ["ROLLCALL_OPERATOR"],
    os.environ["ROLLCALL_OUTBOX"],
    random_name("schema"),
)
_caller = CALLERS[_NAME](_world)
_TENANT = "/api/v1/tenants/{tenant}"
_SHOWN = {"authorization", "cookie", "x-csrf-token"}


def _collection(path):
    """What kind of thing the address of an operation names."""
    below = path.removeprefix(_TENANT) if path.startswith(_TENANT) else path.removeprefix("/api/v1")
    found = re.match(r"/([a-z-]+)/\{", below)
    return found.group(1) if found else ""


@schemathesis.hook
def before_call(context, case, kwargs):
    """Turns a request to what there is, and shows who calls."""
    negative = {place for place in ParameterLocation if case.meta and case.meta.is_negative_at(place)}
    if ParameterLocation.PATH not in negative:
        _aim(case)
    if ParameterLocation.QUERY not in negative and case.query:
        case.query = bodies.fill(dict(case.query), _world, _caller, _RANDOM, _SHARE / 2)
    if isinstance(case.body, dict):
        share = 0 if ParameterLocation.BODY in negative else _SHARE
        known = None
        if _RANDOM.random() < share / 2:
            known = bodies.whole(case.operation.method.upper(), case.operation.path, case.path_parameters, _world)
        case.body = known or bodies.fill(case.body, _world, _caller, _RANDOM, share)
    file = bodies.file(case.operation.method.upper(), case.operation.path, _world)
    if file and ParameterLocation.BODY not in negative and _RANDOM.random() < _SHARE:
        case.body = file
    headers = {name: value for name, value in (case.headers or {}).items() if name.lower() not in _SHOWN}
    if "Idempotency-Key" in headers and ParameterLocation.HEADER not in negative and _RANDOM.random() < _SHARE:
        # Otherwise everything but the first is refused as a key used for two things.
        headers["Idempotency-Key"] = random_name("key")
    case.headers = headers | _caller.headers
    case.cookies = {}


def _aim(case):
    parameters = dict(case.path_parameters or {})
    if not parameters or _RANDOM.random() > _SHARE:
        return
    there = {"tenant": _world.slug, **(_world.take(_collection(case.operation.path)) or {})}
    case.path_parameters = {name: there.get(name, value) for name, value in parameters.items()}


@schemathesis.hook
def after_call(context, case, response):
    """Replaces what a request has used up."""
    path, method = case.operation.path, case.operation.method.upper()
    said = _json(response)
    if response.status_code == 401 and said.get("code") == "unauthorized":
        _caller.renew()
    if method == "GET" or not 200 <= response.status_code < 300:
        return
    kind = _collection(path)
    if kind:
        _world.changed(kind, case.path_parameters, "DELETE" if path.endswith("/erase") else method)
    if path in (_TENANT, f"{_TENANT}/sign-in") and _world.slug in response.request.url:
        _world.put_back()
    if path == "/api/v1/me/mfa" and method == "POST":
        _caller.secret = said.get("secret")
    if path in ("/api/v1/logout", "/api/v1/me/password"):
        _caller.renew()


def _json(response):
    try:
        said = response.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
