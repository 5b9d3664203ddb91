#!/usr/bin/env python3
"""Replays recorded transcripts of identity providers against a SCIM server.

    conformance/replay.py BASE_URL TOKEN [--kind KIND] [FILE...]

Every failed step is printed with the request, the answer and the expectation. Beside what a
step expects, every answer is held against what is true of all answers (see `check_always`).
"""

import argparse
import http.client
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from matching import MISSING, BadExpectation, equal, find, mismatch, show
from transcript import FOLDER, KINDS, BadTranscript, Variables, load

SCIM_JSON = "application/scim+json"
ERROR_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:Error"
LIST_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
TIMEOUT_SECONDS = 30


@dataclass
class Tally:
    """How many checks went well, and what was left out and why."""

    passed: int = 0
    failed: int = 0
    skipped: list = field(default_factory=list)

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def line(self):
        return f"{self.passed} passed, {self.failed} failed"


@dataclass
class Answer:
    """One HTTP answer."""

    status: int
    headers: dict  # names in lower case
    text: str
    body: object  # MISSING without a body, None where it is not JSON


class Connection:
    """A kept-alive HTTP connection to one base URL."""

    def __init__(self, base):
        self._base = urlsplit(base.rstrip("/"))
        if self._base.scheme not in ("http", "https") or not self._base.hostname:
            raise SystemExit(f"not an http or https URL: {base}")
        self._kept = None

    def send(self, method, path, headers, body):
        """Sends one request. A kept connection that the server closed is opened once more."""
        fresh = self._kept is None
        try:
            return self._send(method, path, headers, body)
        except (http.client.BadStatusLine, ConnectionError, BrokenPipeError):
            self.close()
            if fresh:
                raise
            return self._send(method, path, headers, body)

    def _send(self, method, path, headers, body):
        if self._kept is None:
            kind = http.client.HTTPSConnection if self._base.scheme == "https" else http.client.HTTPConnection
            self._kept = kind(self._base.hostname, self._base.port, timeout=TIMEOUT_SECONDS)
        self._kept.request(method, self._base.path + path, body=body, headers=headers)
        response = self._kept.getresponse()
        text = response.read().decode("utf-8", errors="replace")
        parsed = MISSING
        if text:
            try:
                parsed = json.loads(text)
            except ValueError:
                parsed = None
        lowered = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, lowered, text, parsed)

    def close(self):
        if self._kept is not None:
            self._kept.close()
            self._kept = None


class Replay:
    """One transcript, run once."""

    def __init__(self, path, base, token):
        self.name = Path(path).stem
        self.transcript = load(path)
        self.base = base.rstrip("/")
        self.token = token
        self.variables = Variables(self.base)
        self.connection = Connection(base)
        self.created = []

    def run(self):
        """Runs every step, whatever became of the ones before, and removes what was created."""
        tally = Tally()
        for step in self.transcript["steps"]:
            problems, request, answer = self._step(step)
            if problems:
                tally.failed += 1
                report(self.name, step, problems, request, answer)
            else:
                tally.passed += 1
        self._clean_up()
        self.connection.close()
        return tally

    def _step(self, step):
        request = answer = None
        try:
            request = self._request(step)
            answer = self.connection.send(*request)
            self._remember(request, answer)
            problems = check_step(self.variables.fill(_expectation(step)), answer)
            problems += check_always(request, answer)
            self._save(step, answer, problems)
        except (BadTranscript, BadExpectation) as error:
            problems = [f"the step cannot be run: {error}"]
        except (OSError, http.client.HTTPException) as error:
            self.connection.close()
            problems = [f"no answer: {error!r}"]
        return problems, request, answer

    def _request(self, step):
        method, _, path = step["request"].partition(" ")
        headers = self._headers(step.get("headers", {}))
        body = None
        if "raw" in step:
            # Lone surrogates stand for bytes that are not UTF-8.
            body = self.variables.fill_text(step["raw"]).encode("utf-8", "surrogateescape")
        elif "body" in step:
            body = json.dumps(self.variables.fill(step["body"])).encode()
        if body is None:
            headers.pop("Content-Type", None)
        return method, self.variables.fill_path(path), headers, body

    def _headers(self, own):
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Accept": SCIM_JSON,
            "Content-Type": SCIM_JSON,
            "User-Agent": "rollcall-conformance",
        }
        for changes in (self.transcript.get("headers", {}), own):
            for name, value in changes.items():
                if value is None:
                    headers.pop(name, None)
                else:
                    headers[name] = self.variables.fill_text(value)
        return headers

    def _remember(self, request, answer):
        if request[0] == "POST" and answer.status == 201 and isinstance(answer.body, dict):
            kind = find(answer.body, "/meta/resourceType")
            identifier = answer.body.get("id")
            if identifier and kind in ("User", "Group"):
                self.created.append(f"/{kind}s/{identifier}")

    def _save(self, step, answer, problems):
        for name, place in step.get("save", {}).items():
            if place.startswith("header:"):
                value = answer.headers.get(place[len("header:"):].lower(), MISSING)
            else:
                value = find(answer.body, place)
            if value is MISSING:
                problems.append(f"{place}: wanted for later steps, but nothing is there")
            else:
                self.variables.save(name, value)

    def _clean_up(self):
        headers = self._headers({})
        headers.pop("Content-Type", None)
        for path in reversed(self.created):
            try:
                self.connection.send("DELETE", path, headers, None)
            except (OSError, http.client.HTTPException):
                self.connection.close()


def _expectation(step):
    return {name: step[name] for name in ("status", "answer", "answer_headers") if name in step}


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
    """What holds for every answer: RFC 7643 sections 2.5, 3.1 and 7; RFC 7644 sections 3.3, 3.4.2, 3.12 and 3.14."""
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
    for name in ("totalResults", "startIndex", "itemsPerPage"):
        value = body.get(name, MISSING)
        if name == "totalResults" or value is not MISSING:
            why = mismatch({"$type": "integer"}, value)
            if why:
                problems.append(f"/{name}: {why}")
    resources = body.get("Resources", [])
    if not isinstance(resources, list):
        return problems + ["/Resources: not an array"]
    if "itemsPerPage" in body and not equal(body["itemsPerPage"], len(resources)):
        problems.append(f"/itemsPerPage: {show(body['itemsPerPage'])}, but {len(resources)} resources")
    identifiers = [resource.get("id") for resource in resources if isinstance(resource, dict)]
    known = [identifier for identifier in identifiers if identifier is not None]
    if len(set(known)) != len(known):
        problems.append("/Resources: one id appears twice")
    return problems


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


def report(transcript, step, problems, request, answer):
    """Prints one failed step so that it can be sent again by hand."""
    print(f"FAILED {transcript}: {step['name']}")
    if request:
        method, path, headers, body = request
        print(f"  request   {method} {path}")
        for name, value in headers.items():
            print(f"            {name}: {'Bearer ***' if value.startswith('Bearer ') else value}")
        if body is not None:
            print(f"            {body.decode(errors='backslashreplace')[:2000]}")
    if answer:
        print(f"  answer    {answer.status}")
        for name in ("content-type", "location", "etag", "www-authenticate", "x-request-id"):
            if name in answer.headers:
                print(f"            {name}: {answer.headers[name]}")
        if answer.text:
            print(f"            {answer.text[:2000]}")
    for problem in problems:
        print(f"  problem   {problem}")
    sys.stdout.flush()


def replay_all(paths, base, token):
    """Runs several transcripts; prints one line for each."""
    total = Tally()
    for path in paths:
        tally = Replay(path, base, token).run()
        print(f"transcript {Path(path).stem}: {tally.line()}", flush=True)
        total.add(tally)
    return total


def transcripts_for(kinds):
    """The files whose directory kind is one of those given."""
    return [path for path in sorted(FOLDER.glob("*.json")) if load(path)["directory_kind"] in kinds]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("base_url")
    parser.add_argument("token")
    parser.add_argument("--kind", action="append", choices=KINDS, help="kind of the directory (generic)")
    parser.add_argument("files", nargs="*", type=Path, help="only these transcripts")
    arguments = parser.parse_args()
    try:
        files = arguments.files or transcripts_for(arguments.kind or ["generic"])
        tally = replay_all(files, arguments.base_url, arguments.token)
    except BadTranscript as error:
        raise SystemExit(str(error)) from error
    print(tally.line())
    # A run of nothing is no success.
    sys.exit(1 if tally.failed or not tally.passed else 0)


if __name__ == "__main__":
    main()
