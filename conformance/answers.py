"""Answers of a server, and what is wrong with them."""

import re
from dataclasses import dataclass

from matching import MISSING, equal, find, mismatch, show

SCIM_JSON = "application/scim+json"
ERROR_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:Error"
LIST_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
BULK_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"


@dataclass
class Answer:
    """One HTTP answer."""

    status: int
    headers: dict  # names in lower case
    text: str
    body: object  # MISSING without a body, None where it is not JSON


def resource_path(body):
    """Where a User or a Group that an answer holds is read, or None."""
    kind = find(body, "/meta/resourceType") if isinstance(body, dict) else MISSING
    if kind not in ("User", "Group") or "id" not in body:
        return None
    return f"/{kind}s/{body['id']}"


def check_step(expected, answer):
    """What the step itself expects."""
    problems = []
    allowed = expected["status"] if isinstance(expected["status"], list) else [expected["status"]]
    if answer.status not in allowed:
        problems.append(f"status: expected {' or '.join(map(str, allowed))}, got {answer.status}")
    for place, wanted in expected.get("answer", {}).items():
        # The answer as it came over the wire, for what must stand nowhere in it.
        found = answer.text if place == "text" else find(answer.body, place)
        why = mismatch(wanted, found)
        if why:
            problems.append(f"{place}: {why}")
    for name, wanted in expected.get("answer_headers", {}).items():
        why = mismatch(wanted, answer.headers.get(name.lower(), MISSING))
        if why:
            problems.append(f"header {name}: {why}")
    return problems


def check_always(request, answer):
    """What holds for every answer: RFC 7643 sections 2.5, 3.1 and 7; RFC 7644 sections 3.3, 3.4.2, 3.7, 3.12 and
    3.14; RFC 9865 section 2."""
    method, path, headers, _ = request
    body = answer.body
    if body is MISSING:
        empty_allowed = answer.status in (204, 304, 308) or method == "HEAD"
        return [] if empty_allowed else [f"a {answer.status} answer needs a body"]
    problems = []
    if answer.status in (204, 304):
        problems.append(f"a {answer.status} answer has no body")
    media = answer.headers.get("content-type", "").split(";")[0].strip()
    wanted = "application/json" if headers.get("Accept", "").strip() == "application/json" else SCIM_JSON
    if media != wanted:
        problems.append(f"header Content-Type: expected {wanted}, got {media!r}")
    if not isinstance(body, dict):
        return problems + ["the body is not a JSON object"]
    problems += [f"{place}: null in an answer" for place in _nulls(body, "")]
    problems += [f"{place}: a password in an answer" for place in _members_named("password", body, "")]
    schemas = body.get("schemas")
    if not isinstance(schemas, list) or not schemas:
        return problems + ["/schemas: expected a list of URIs"]
    if answer.status >= 400:
        problems += _check_error(answer, body, schemas)
    elif LIST_SCHEMA in schemas:
        problems += _check_list(body)
    elif BULK_SCHEMA in schemas:
        problems += _check_bulk(body)
    else:
        # What a client did not ask for is not there to be looked at.
        problems += _check_resource(answer, body, whole="ttributes=" not in path)
    return problems


def _check_error(answer, body, schemas):
    problems = []
    if ERROR_SCHEMA not in schemas:
        problems.append(f"/schemas: expected {ERROR_SCHEMA}")
    if body.get("status") != str(answer.status):
        problems.append(f"/status: expected the string {str(answer.status)!r}, got {show(body.get('status'))}")
    if not isinstance(body.get("detail"), str) or not body["detail"].strip():
        problems.append("/detail: expected a text that says what is wrong")
    if answer.status == 401 and "www-authenticate" not in answer.headers:
        problems.append("header WWW-Authenticate: missing on 401 (RFC 7644 section 2)")
    return problems


def _check_list(body):
    problems = []
    # A page by cursor may leave the total out (RFC 9865 section 2).
    by_cursor = "nextCursor" in body or "previousCursor" in body
    for name in ("totalResults", "startIndex", "itemsPerPage"):
        value = body.get(name, MISSING)
        if name == "totalResults" and not by_cursor or value is not MISSING:
            why = mismatch({"$type": "integer"}, value)
            if why:
                problems.append(f"/{name}: {why}")
    resources = body.get("Resources", [])
    if not isinstance(resources, list):
        return problems + ["/Resources: not an array"]
    for name in ("nextCursor", "previousCursor"):
        cursor = body.get(name, "-")
        if not isinstance(cursor, str) or not re.fullmatch(r"[A-Za-z0-9._~-]+", cursor):
            problems.append(f"/{name}: {show(cursor)} is not made of the unreserved characters of RFC 3986")
    if "itemsPerPage" in body and not equal(body["itemsPerPage"], len(resources)):
        problems.append(f"/itemsPerPage: {show(body['itemsPerPage'])}, but {len(resources)} resources")
    identifiers = [resource.get("id") for resource in resources if isinstance(resource, dict)]
    known = [identifier for identifier in identifiers if identifier is not None]
    if len(set(known)) != len(known):
        problems.append("/Resources: one id appears twice")
    return problems


def _check_bulk(body):
    results = body.get("Operations")
    if not isinstance(results, list):
        return ["/Operations: not an array"]
    problems = []
    for number, result in enumerate(results):
        problems += [f"/Operations/{number}{problem}" for problem in _check_result(result)]
    return problems


def _check_result(result):
    if not isinstance(result, dict):
        return [": not an object"]
    problems = []
    method, status, response = result.get("method"), result.get("status"), result.get("response")
    if not isinstance(method, str):
        problems.append(f"/method: expected a text, got {show(method)}")
    if not isinstance(status, str) or not re.fullmatch(r"[1-5]\d\d", status):
        return problems + [f"/status: expected a string of three digits, got {show(status)}"]
    if status < "300":
        # REQUIRED in a response, except in the event of a POST failure (RFC 7644 section 3.7).
        if not isinstance(result.get("location"), str):
            problems.append("/location: missing")
        if method == "POST" and not isinstance(result.get("bulkId"), str):
            problems.append("/bulkId: missing")
    elif not isinstance(response, dict) or ERROR_SCHEMA not in response.get("schemas", []):
        problems.append(f"/response: expected an error body, got {show(response)}")
    elif response.get("status") != status:
        problems.append(f"/response/status: {show(response.get('status'))} is not the status {show(status)}")
    elif not response.get("detail"):
        problems.append("/response/detail: expected a text that says what is wrong")
    return problems


def bulk_created(body):
    """Where the resources are read that a bulk answer says it created."""
    if not isinstance(body, dict) or BULK_SCHEMA not in body.get("schemas", []):
        return []
    created = [
        re.search(r"/(Users|Groups)/[^/]+$", str(result.get("location")))
        for result in body.get("Operations", [])
        if isinstance(result, dict) and result.get("method") == "POST" and result.get("status") == "201"
    ]
    return [found[0] for found in created if found]


def _check_resource(answer, body, whole):
    problems = []
    version = find(body, "/meta/version")
    etag = answer.headers.get("etag")
    if version is not MISSING and version != etag:
        problems.append(f"header ETag: {etag!r} is not meta.version {show(version)}")
    if answer.status == 201:
        location = answer.headers.get("location")
        if not location or not location.endswith(f"/{body.get('id')}"):
            problems.append(f"header Location: {location!r} does not end in the id")
        if not etag:
            problems.append("header ETag: missing on 201")
        if whole:
            problems += _check_created(location, body)
    return problems


def _check_created(location, body):
    problems = []
    if location != find(body, "/meta/location"):
        problems.append(f"header Location: {location!r} is not meta.location")
    for place in ("/meta/resourceType", "/meta/created", "/meta/lastModified"):
        if find(body, place) is MISSING:
            problems.append(f"{place}: missing on 201")
    return problems


def _nulls(value, place):
    if value is None:
        yield place
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _nulls(inner, f"{place}/{name}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _nulls(inner, f"{place}/{index}")


def _members_named(wanted, value, place):
    if isinstance(value, dict):
        for name, inner in value.items():
            if name.lower() == wanted:
                yield f"{place}/{name}"
            yield from _members_named(wanted, inner, f"{place}/{name}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _members_named(wanted, inner, f"{place}/{index}")
