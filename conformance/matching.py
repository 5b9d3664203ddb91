"""Expectations of a transcript: where to look in an answer, and whether what is there fits.

A place is a JSON Pointer (RFC 6901), since attribute names of extensions hold dots and colons.
One segment is added to it: `[type=work]` is the first element of an array whose member `type`
is `work`.

An expectation is a plain JSON value (equal, objects and arrays included), or an object of
matchers, all of which must fit:

    {"$absent": true}            nothing there
    {"$type": "integer"}         string, integer, boolean, array, object
    {"$contains": VALUE}         a string with that text in it, or an array with such an element
    {"$lacks": VALUE}            the contrary; also true where nothing is there
    {"$length": 2}
    {"$matches": "REGEX"}
    {"$not": VALUE}              anything else, or nothing there
    {"$same_elements": [...]}    an array of exactly these elements in any order
    {"$at_least": 3}

Within an array, an element fits an object when it has all members named; it may have more.
"""

import json
import re

MISSING = object()

_KINDS = {
    "string": str,
    "integer": int,
    "boolean": bool,
    "array": list,
    "object": dict,
}


class BadExpectation(Exception):
    """The transcript is wrong, not the answer."""


def find(document, pointer):
    """What stands at the pointer, or MISSING."""
    if pointer == "":
        return document
    if not pointer.startswith("/"):
        raise BadExpectation(f"a place begins with '/': {pointer!r}")
    here = document
    for segment in _segments(pointer):
        here = _step(here, segment)
        if here is MISSING:
            return MISSING
    return here


def _segments(pointer):
    # A slash inside [..] belongs to the value that is looked for.
    for segment in re.findall(r"/(\[[^\]]*\]|[^/]*)", pointer):
        yield segment if segment.startswith("[") else segment.replace("~1", "/").replace("~0", "~")


def _step(here, segment):
    if isinstance(here, dict):
        return here.get(segment, MISSING)
    if not isinstance(here, list):
        return MISSING
    if segment.startswith("[") and segment.endswith("]"):
        name, equals, wanted = segment[1:-1].partition("=")
        if not equals:
            raise BadExpectation(f"{segment!r} is not [member=value]")
        for element in here:
            if isinstance(element, dict) and element.get(name) == wanted:
                return element
        return MISSING
    if segment.isdigit() and int(segment) < len(here):
        return here[int(segment)]
    return MISSING


def mismatch(expected, actual):
    """Why the value does not fit, or None when it does."""
    if isinstance(expected, dict) and any(key.startswith("$") and key != "$ref" for key in expected):
        for matcher, argument in expected.items():
            why = _match(matcher, argument, actual)
            if why:
                return why
        return None
    if actual is MISSING:
        return f"expected {show(expected)}, but nothing is there"
    if not equal(expected, actual):
        return f"expected {show(expected)}, got {show(actual)}"
    return None


def equal(left, right):
    """JSON equality: unlike Python's, true is not 1."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    return type(left) is type(right) and left == right


def _fits_element(wanted, element):
    if isinstance(wanted, dict) and isinstance(element, dict):
        return all(name in element and equal(value, element[name]) for name, value in wanted.items())
    return equal(wanted, element)


def _contains(container, wanted):
    if isinstance(container, str):
        return isinstance(wanted, str) and wanted in container
    if isinstance(container, list):
        return any(_fits_element(wanted, element) for element in container)
    return False


def _match(matcher, argument, actual):
    if matcher == "$absent":
        there = actual is not MISSING
        return f"expected nothing, got {show(actual)}" if there == argument else None
    if matcher == "$not":
        return f"must not be {show(argument)}" if actual is not MISSING and equal(argument, actual) else None
    if matcher == "$lacks":
        held = actual is not MISSING and _contains(actual, argument)
        return f"must not contain {show(argument)}: {show(actual)}" if held else None
    if actual is MISSING:
        return f"expected {matcher} {show(argument)}, but nothing is there"
    if matcher == "$type":
        kind = _KINDS.get(argument)
        if kind is None:
            raise BadExpectation(f"unknown type {argument!r}")
        fits = isinstance(actual, kind) and (kind is bool or not isinstance(actual, bool))
    elif matcher == "$contains":
        fits = _contains(actual, argument)
    elif matcher == "$length":
        fits = isinstance(actual, (list, str)) and len(actual) == argument
    elif matcher == "$matches":
        fits = isinstance(actual, str) and re.search(argument, actual) is not None
    elif matcher == "$same_elements":
        fits = (
            isinstance(actual, list)
            and len(actual) == len(argument)
            and all(_contains(actual, wanted) for wanted in argument)
        )
    elif matcher == "$at_least":
        fits = isinstance(actual, int) and not isinstance(actual, bool) and actual >= argument
    else:
        raise BadExpectation(f"unknown matcher {matcher!r}")
    return None if fits else f"expected {matcher} {show(argument)}, got {show(actual)}"


def show(value, limit=400):
    """A value as short JSON for a message."""
    if value is MISSING:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= limit else text[:limit] + "…"
