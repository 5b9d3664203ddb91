"""Transcripts: what one identity provider sends, and the variables in it.

`{{name}}` stands for a value that an earlier step saved. A string that is nothing but one
variable becomes the saved value itself, objects and numbers included. Always there:

    {{run}}              letters and digits that no other run has; {{RUN}} the same in capitals
    {{guid:NAME}}        a UUID that is the same for NAME throughout one run
    {{base}}             the SCIM base URL
    {{at:+05:30:NAME}}   the saved date and time, told in another time zone
    {{repeat:N:TEXT}}    TEXT, N times
    {{id:NAME}}          the last segment of a saved location: the id of the resource

An element of an array may stand for many: {"$repeat": N, "element": VALUE} is VALUE, N times.
"""

import json
import re
import secrets
import uuid
from datetime import datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import quote

FOLDER = Path(__file__).with_name("transcripts")
KINDS = ("generic", "okta", "entra", "google", "onelogin", "jumpcloud")

_VARIABLE = re.compile(r"\{\{([^{}]+)\}\}")
_TOP_LEVEL = {"identity_provider", "directory_kind", "note", "headers", "steps"}
_STEP = {"name", "request", "headers", "body", "raw", "status", "answer", "answer_headers", "save"}


class BadTranscript(Exception):
    """A transcript that cannot be run as it is written."""


def load(path):
    """One transcript, checked for misspelt members, so that no expectation is skipped unseen."""
    try:
        transcript = json.loads(Path(path).read_text(encoding="utf-8"), object_pairs_hook=_unique)
    except ValueError as error:
        raise BadTranscript(f"{path}: {error}") from error
    unknown = transcript.keys() - _TOP_LEVEL
    if unknown:
        raise BadTranscript(f"{path}: unknown member {sorted(unknown)}")
    if transcript.get("directory_kind") not in KINDS:
        raise BadTranscript(f"{path}: directory_kind must be one of {KINDS}")
    for step in transcript["steps"]:
        wrong = (step.keys() - _STEP) | ({"name", "request", "status"} - step.keys())
        if wrong:
            raise BadTranscript(f"{path}: {step.get('name')}: unknown or missing member {sorted(wrong)}")
        if "body" in step and "raw" in step:
            raise BadTranscript(f"{path}: {step['name']}: body and raw exclude one another")
    return transcript


def _unique(pairs):
    names = [name for name, _ in pairs]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"member given twice: {sorted(twice)}")
    return dict(pairs)


class Variables:
    """The values of one run of one transcript."""

    def __init__(self, base):
        run = secrets.token_hex(5)
        self._seed = uuid.uuid4()
        self._values = {"run": run, "RUN": run.upper(), "base": base}

    def save(self, name, value):
        """Keeps a value for later steps."""
        self._values[name] = value

    def look_up(self, name):
        """The value of one variable; BadTranscript when no step saved it."""
        kind, _, rest = name.partition(":")
        if kind == "guid" and rest:
            return str(uuid.uuid5(self._seed, rest))
        if kind == "at" and rest:
            offset, saved = rest[:6], rest[7:]
            return _in_zone(self.look_up(saved), offset)
        if kind == "repeat" and rest:
            times, _, text = rest.partition(":")
            return text * int(times)
        if kind == "id" and rest:
            return str(self.look_up(rest)).rsplit("/", 1)[-1]
        if name not in self._values:
            raise BadTranscript(f"no step has saved {name!r}")
        return self._values[name]

    def fill(self, value):
        """The value with its variables replaced, in all depths."""
        if isinstance(value, dict):
            return {self.fill(name): self.fill(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [filled for inner in value for filled in self._fill_element(inner)]
        if isinstance(value, str):
            whole = _VARIABLE.fullmatch(value)
            return self.look_up(whole[1]) if whole else self.fill_text(value)
        return value

    def _fill_element(self, element):
        if not isinstance(element, dict) or "$repeat" not in element:
            return [self.fill(element)]
        times = self.fill(element["$repeat"])
        if element.keys() != {"$repeat", "element"} or not isinstance(times, int):
            raise BadTranscript(f"$repeat needs a number and an element: {element}")
        return [self.fill(element["element"])] * times

    def fill_text(self, text):
        """The text with its variables replaced; they must be plain values here."""
        return _VARIABLE.sub(lambda found: str(self.look_up(found[1])), text)

    def fill_path(self, path):
        """A request path; values are escaped, what the recorded client escaped itself is left alone."""
        filled = _VARIABLE.sub(lambda found: quote(str(self.look_up(found[1])), safe="@:-._~/"), path)
        return quote(filled, safe="%/?:@!$&'()*+,;=-._~#")


def _in_zone(moment, offset):
    # Python before 3.11 knows neither 'Z' nor fractions of other than 3 or 6 digits.
    found = re.fullmatch(r"(.{19})(\.\d+)?(Z|[+-]\d\d:\d\d)", moment)
    if not found:
        raise BadTranscript(f"not a date and time: {moment!r}")
    parsed = datetime.fromisoformat(found[1] + ("+00:00" if found[3] == "Z" else found[3]))
    sign = -1 if offset[0] == "-" else 1
    zone = timezone(sign * timedelta(hours=int(offset[1:3]), minutes=int(offset[4:6])))
    there = parsed.astimezone(zone).isoformat()
    return there[:19] + (found[2] or "") + there[19:]
