#!/usr/bin/env python3
"""Replays recorded transcripts of identity providers against a SCIM server.

    conformance/replay.py BASE_URL TOKEN [--kind KIND] [FILE...]

Every failed step is printed with the request, the answer and the expectation. Beside what a
step expects, every answer is held against what is true of all answers (`check_always` in answers.py).
"""

import argparse
import http.client
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from answers import SCIM_JSON, Answer, bulk_created, check_always, check_step, resource_path
from matching import MISSING, BadExpectation, equal, find
from transcript import FOLDER, KINDS, BadTranscript, Variables, load

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
            problems += self._read_back(request, answer)
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
        self.created += bulk_created(answer.body)
        if request[0] == "POST" and answer.status == 201:
            place = resource_path(answer.body)
            location = urlsplit(answer.headers.get("location", "")).path
            if place is None and "/Users/" in location:
                place = location[location.rindex("/Users/"):]
            if place is not None:
                self.created.append(place)

    def _read_back(self, request, answer):
        """What a write answered must be what a read tells: an answer made of the request proves nothing."""
        method, path, headers, _ = request
        place = resource_path(answer.body)
        if method == "GET" or answer.status not in (200, 201) or place is None or "ttributes=" in path:
            return []
        kept = {name: headers[name] for name in ("Authorization", "Accept", "User-Agent") if name in headers}
        again = self.connection.send("GET", place, kept, None)
        if again.status != 200 or not equal(again.body, answer.body):
            return [f"read back, GET {place} tells something else: {again.status} {again.text[:2000]}"]
        return []

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
