#!/usr/bin/env python3
"""Tests of the harness: a harness that cannot fail proves nothing."""

import contextlib
import http.server
import io
import json
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "openapi")]

import bodies
import described
from answers import Answer, bulk_created, check_always, check_step
from matching import MISSING, BadExpectation, find, mismatch
from replay import replay_all
from suites import read_sanity, read_scim2
from totp import totp
from transcript import FOLDER, BadTranscript, Variables, load

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"


def answer(status, body=MISSING, **headers):
    lowered = {"content-type": "application/scim+json"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return Answer(status, lowered, "" if body is MISSING else json.dumps(body), body)


def always(given, method="GET", **headers):
    return check_always((method, "/Users", headers, None), given)


def quiet(function, *arguments):
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        result = function(*arguments)
    return result, printed.getvalue()


class Matching(unittest.TestCase):
    def test_a_place_may_go_through_urns_and_elements(self):
        document = {"urn:a.b:2.0": {"x": [{"type": "home"}, {"type": "work", "value": 1}]}}
        self.assertEqual(find(document, "/urn:a.b:2.0/x/[type=work]/value"), 1)
        self.assertIs(find(document, "/urn:a.b:2.0/x/[type=other]/value"), MISSING)
        self.assertIs(find(document, "/urn:a.b:2.0/x/7"), MISSING)
        with self.assertRaises(BadExpectation):
            find(document, "x")

    def test_plain_values_are_compared_as_json(self):
        self.assertIsNone(mismatch([{"a": True}], [{"a": True}]))
        for expected, actual in [(True, 1), (1, True), (1, "1"), (False, "False"), ([1], [1, 2]), ("a", MISSING)]:
            self.assertIsNotNone(mismatch(expected, actual), (expected, actual))

    def test_every_matcher_can_fail(self):
        cases = [
            ({"$absent": True}, MISSING, None),
            ({"$absent": False}, 1, MISSING),
            ({"$type": "integer"}, 1, True),
            ({"$type": "boolean"}, False, 0),
            ({"$contains": "b"}, "abc", "xyz"),
            ({"$contains": {"value": "1"}}, [{"value": "1", "type": "x"}], [{"value": "2"}]),
            ({"$lacks": {"value": "1"}}, [{"value": "2"}], [{"value": "1", "type": "x"}]),
            ({"$lacks": "b"}, MISSING, "abc"),
            ({"$length": 2}, [1, 2], [1]),
            ({"$length": 0}, [], MISSING),
            ({"$matches": "^a"}, "abc", "cba"),
            ({"$not": True}, MISSING, True),
            ({"$same_elements": [1, 2]}, [2, 1], [2, 1, 1]),
            ({"$at_least": 3}, 3, 2),
            ({"$length": 1, "$contains": "x"}, ["x"], ["y"]),
        ]
        for expected, good, bad in cases:
            self.assertIsNone(mismatch(expected, good), expected)
            self.assertIsNotNone(mismatch(expected, bad), expected)
        with self.assertRaises(BadExpectation):
            mismatch({"$lenght": 1}, [1])

    def test_a_reference_is_no_matcher(self):
        self.assertIsNone(mismatch({"$ref": "x"}, {"$ref": "x"}))


class EveryAnswer(unittest.TestCase):
    def test_good_answers_pass(self):
        meta = {"resourceType": "User", "created": "t", "lastModified": "t", "location": "u/1", "version": 'W/"1"'}
        resource = {"schemas": [USER], "id": "1", "meta": meta}
        self.assertEqual(always(answer(201, resource, location="u/1", etag='W/"1"')), [])
        self.assertEqual(always(answer(200, {"schemas": [LIST], "totalResults": 0, "itemsPerPage": 0})), [])
        self.assertEqual(always(answer(204)), [])
        error = {"schemas": [ERROR], "status": "401", "detail": "no"}
        self.assertEqual(always(answer(401, error, www_authenticate="Bearer")), [])

    def test_each_fault_is_seen(self):
        error = {"schemas": [ERROR], "status": "404", "detail": "no"}
        resource = {"schemas": [USER], "id": "1"}
        faults = {
            "a body where none belongs": answer(204, resource),
            "no body where one belongs": answer(200),
            "another media type": answer(200, resource, content_type="application/json"),
            "not JSON": answer(200, None),
            "an array": answer(200, []),
            "a null": answer(200, resource | {"name": {"formatted": None}}),
            "a password": answer(200, resource | {"Password": "x"}),
            "no schemas": answer(200, {"id": "1"}),
            "an error without its schema": answer(404, error | {"schemas": [USER]}),
            "an error status as a number": answer(404, error | {"status": 404}),
            "an error without a detail": answer(404, error | {"detail": " "}),
            "a 401 without a challenge": answer(401, error | {"status": "401"}),
            "a total as a text": answer(200, {"schemas": [LIST], "totalResults": "1"}),
            "a wrong page size": answer(200, {"schemas": [LIST], "totalResults": 1, "itemsPerPage": 1}),
            "one id twice": answer(200, {"schemas": [LIST], "totalResults": 2, "Resources": [resource, resource]}),
            "a 201 without Location": answer(201, resource, etag="1"),
            "a 201 whose Location is not meta.location": answer(201, resource, etag="1", location="u/1"),
            "an ETag that is not the version": answer(200, resource | {"meta": {"version": "1"}}, etag="2"),
        }
        for fault, given in faults.items():
            self.assertTrue(always(given), fault)

    def test_cursors_are_safe_in_a_url(self):
        page = {"schemas": [LIST], "totalResults": 0, "Resources": []}
        self.assertEqual(always(answer(200, page | {"nextCursor": "aZ0-._~", "previousCursor": "b"})), [])
        unknown = {"schemas": [LIST], "Resources": []}
        self.assertTrue(always(answer(200, unknown)), "a total that is left out without a cursor")
        self.assertEqual(always(answer(200, unknown | {"nextCursor": "a"})), [])
        for bad in ("", "a+b", "a=", 7):
            self.assertTrue(always(answer(200, page | {"nextCursor": bad})), bad)

    def test_results_of_a_bulk_are_checked_one_by_one(self):
        error = {"schemas": [ERROR], "status": "404", "detail": "no such user"}
        made = {"method": "POST", "bulkId": "a", "location": "http://h/v2/Users/1", "version": "1", "status": "201"}
        gone = {"method": "DELETE", "location": "http://h/v2/Users/2", "status": "404", "response": error}
        bulk = {"schemas": [BULK], "Operations": [made, gone]}
        self.assertEqual(always(answer(200, bulk)), [])
        self.assertEqual(bulk_created(bulk), ["/Users/1"])
        self.assertEqual(bulk_created({"schemas": [LIST], "Operations": [made]}), [])
        for bad in (
            made | {"status": 201},
            made | {"status": {"code": "201"}},
            made | {"location": None},
            {name: value for name, value in made.items() if name != "bulkId"},
            {name: value for name, value in made.items() if name != "method"},
            gone | {"response": "no such user"},
            gone | {"response": error | {"status": "400"}},
            gone | {"response": error | {"detail": ""}},
            "201",
        ):
            self.assertTrue(always(answer(200, {"schemas": [BULK], "Operations": [bad]})), bad)
        self.assertTrue(always(answer(200, {"schemas": [BULK]})))

    def test_the_media_type_follows_accept(self):
        resource = {"schemas": [USER], "id": "1"}
        plain = answer(200, resource, content_type="application/json")
        self.assertEqual(always(plain, Accept="application/json"), [])
        self.assertTrue(always(answer(200, resource), Accept="application/json"))

    def test_a_step_checks_status_body_text_and_headers(self):
        given = answer(200, {"a": 1}, etag="x")
        self.assertEqual(check_step({"status": [200, 204], "answer": {"/a": 1}, "answer_headers": {"ETag": "x"}}, given), [])
        self.assertEqual(len(check_step({"status": 201, "answer": {"/a": 2}, "answer_headers": {"ETag": "y"}}, given)), 3)
        self.assertTrue(check_step({"status": 200, "answer": {"text": {"$lacks": '"a"'}}}, given))
        self.assertTrue(check_step({"status": 204, "answer": {"/a": 1}}, answer(204)))


class Transcripts(unittest.TestCase):
    def test_variables_keep_their_type_and_their_run(self):
        variables = Variables("http://h/scim")
        variables.save("meta", {"version": 1})
        filled = variables.fill({"{{run}}": ["{{meta}}", "x{{base}}"]})
        run = variables.look_up("run")
        self.assertEqual(filled, {run: [{"version": 1}, "xhttp://h/scim"]})
        self.assertEqual(variables.look_up("RUN"), run.upper())
        self.assertEqual(variables.look_up("guid:a"), variables.look_up("guid:a"))
        self.assertNotEqual(variables.look_up("guid:a"), Variables("x").look_up("guid:a"))
        with self.assertRaises(BadTranscript):
            variables.fill("{{unknown}}")

    def test_an_element_may_stand_for_many_and_a_location_for_its_id(self):
        variables = Variables("b")
        variables.save("most", 3)
        variables.save("made", "http://h/v2/Users/7")
        filled = variables.fill(["x", {"$repeat": "{{most}}", "element": {"path": "/Users/{{id:made}}"}}])
        self.assertEqual(filled, ["x"] + [{"path": "/Users/7"}] * 3)
        for bad in ({"$repeat": "many", "element": 1}, {"$repeat": 2}):
            with self.assertRaises(BadTranscript):
                variables.fill([bad])

    def test_paths_are_escaped_once(self):
        variables = Variables("b")
        variables.save("v", 'a "b"&c')
        path = variables.fill_path('/Users?filter=x%20eq "{{v}}"&count=1')
        self.assertEqual(path, "/Users?filter=x%20eq%20%22a%20%22b%22%26c%22&count=1")

    def test_an_instant_is_told_in_another_zone(self):
        variables = Variables("b")
        variables.save("t", "2026-01-31T23:30:00.123456Z")
        self.assertEqual(variables.look_up("at:+05:30:t"), "2026-02-01T05:00:00.123456+05:30")

    def test_every_transcript_loads_and_every_row_of_entra_and_okta_is_there(self):
        names = {path.stem: [step["name"] for step in load(path)["steps"]] for path in FOLDER.glob("*.json")}
        for stem, row, count in (("entra", "E", 21), ("okta", "O", 11)):
            seen = {name.split()[0] for name in names[stem]}
            self.assertEqual({f"{row}-{number}" for number in range(1, count + 1)} - seen, set())
        for stem, all_names in names.items():
            self.assertEqual(len(all_names), len(set(all_names)), stem)

    def test_a_misspelt_member_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "t.json"
            step = {"name": "n", "request": "GET /", "status": 200, "anwser": {}}
            path.write_text(json.dumps({"directory_kind": "okta", "steps": [step]}))
            with self.assertRaises(BadTranscript):
                load(path)
            path.write_text('{"directory_kind": "okta", "steps": [], "steps": []}')
            with self.assertRaises(BadTranscript):
                load(path)


class OutsideSuites(unittest.TestCase):
    def test_scim2_results_are_counted_and_failures_told(self):
        output = (
            "Performing a SCIM compliance check on http://h ...\n"
            "\x1b[32mSUCCESS\x1b[0m object_creation\n  Successfully created\n"
            "\x1b[31mERROR\x1b[0m object_query\n  it is broken\n"
            "SKIPPED search_with_attributes\n  not supported\n"
            "COMPLIANT random_url\nDEVIATION object_deletion\n"
        )
        (tally, seen), printed = quiet(read_scim2, output)
        self.assertEqual((tally.passed, tally.failed, len(tally.skipped)), (2, 2, 1))
        self.assertIn("it is broken", printed)
        self.assertIn("not supported", tally.skipped[0])
        self.assertEqual(len(seen), 5)

    def test_sanity_excuses_only_the_stated_messages(self):
        good = [{"name": f"check {number}", "status": "pass"} for number in range(30)]
        excused = {"name": "PATCH /Groups/{id} remove members", "status": "fail", "message": "Expected 200, got 204"}
        (tally, _) = quiet(read_sanity, good + [excused])
        self.assertEqual((tally.passed, tally.failed, len(tally.skipped)), (30, 0, 1))
        for bad in (
            excused | {"message": "Expected 200, got 500"},
            {"name": "POST /Users", "status": "fail", "message": "Expected 200, got 204"},
            {"name": "x", "status": "warn"},
            {"name": "x", "status": "error"},
            {"name": "User CRUD Lifecycle", "status": "skip"},
        ):
            self.assertEqual(quiet(read_sanity, good + [bad])[0].failed, 1, bad)
        self.assertEqual(quiet(read_sanity, good[:3])[0].failed, 1)


class Described(unittest.TestCase):
    def report(self, **changes):
        cases = {"generated": 9, "with_failures": 0, "unique_failures": 0, "errored": 0}
        rates = {"GET /a": {"fuzzing": {"accepted": 2}}, "GET /b": {"fuzzing": {"accepted": 0}}}
        whole = {
            "complete": True, "running_time": 1.2, "test_cases": cases, "errors": [], "valid_rates": rates,
            "operations": {"total": 2, "tested": 2},
        }
        return whole | changes

    def test_cases_are_counted_and_every_way_of_showing_nothing_is_a_failure(self):
        tally, line = described.read(self.report(), 0, 1)
        self.assertEqual((tally.passed, tally.failed), (9, 0))
        self.assertIn("2 operations, 1 of them done, 9 cases, 0 failures", line)
        bad = {"generated": 9, "with_failures": 4, "unique_failures": 2, "errored": 1}
        for report, code, least in (
            (self.report(test_cases=bad), 1, 1),
            (self.report(errors=[{"title": "Hook Error", "count": 3}]), 1, 1),
            (self.report(complete=False), 0, 1),
            (self.report(operations={"total": 2, "tested": 1}), 0, 1),
            (self.report(), 0, 2),
            (self.report(), 1, 1),
        ):
            self.assertGreater(described.read(report, code, least)[0].failed, 0, report)

    def test_a_body_made_to_be_wrong_stays_wrong_and_leads_to_nobodys_host(self):
        always, never = Chance(0.0), Chance(1.0)
        wrong = {"email": "no address", "email_confirmation": 7, "issuer": "https://example.com/x"}
        kept = bodies.fill(wrong, None, None, always, 0)
        self.assertEqual(kept, wrong | {"issuer": "https://idp.invalid"})
        right = bodies.fill({"users": [{"email": None, "country": "XX"}]}, None, None, always, 1)
        self.assertEqual(right, {"users": [{"email": None, "country": "FR"}]})
        alike = bodies.fill({"email": "a@b.example", "email_confirmation": "c@d.example"}, None, None, never, 1)
        self.assertEqual(alike["email_confirmation"], "a@b.example")

    def test_codes_are_those_of_the_standard(self):
        secret = "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"
        for seconds, code in ((59, "287082"), (1111111109, "081804"), (2000000000, "279037")):
            self.assertEqual(totp(secret, seconds), code)


class Chance:
    """Draws the same number each time."""

    def __init__(self, number):
        self._number = number

    def random(self):
        return self._number


class Stub(http.server.BaseHTTPRequestHandler):
    """Knows one user. A PUT is answered with what it sent, and forgotten."""

    USER = {"schemas": [USER], "id": "1", "userName": "a", "meta": {"resourceType": "User"}}

    def do_GET(self):
        self.reply(self.USER)

    def do_PUT(self):
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.reply(self.USER | sent)

    def reply(self, resource):
        body = json.dumps(resource).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/scim+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class WholeRun(unittest.TestCase):
    def setUp(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stub)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.base = f"http://127.0.0.1:{self.server.server_port}/scim"
        self.folder = tempfile.TemporaryDirectory()

    def tearDown(self):
        self.server.shutdown()
        self.server.server_close()
        self.folder.cleanup()

    def transcript(self, *steps):
        path = Path(self.folder.name) / "t.json"
        path.write_text(json.dumps({"directory_kind": "generic", "steps": list(steps)}))
        return path

    def test_good_and_bad_steps_are_told_apart(self):
        path = self.transcript(
            {"name": "good", "request": "GET /Users/1", "status": 200, "answer": {"/userName": "a"}, "save": {"u": "/id"}},
            {"name": "bad", "request": "GET /Users/{{u}}", "status": 404},
            {"name": "never saved", "request": "GET /Users/{{nothing}}", "status": 200},
            {"name": "nothing to save", "request": "GET /Users/1", "status": 200, "save": {"x": "/nothing"}},
            {"name": "not implemented by the stub", "request": "POST /Users", "body": {}, "status": 201},
        )
        tally, printed = quiet(replay_all, [path], self.base, "secret-token")
        self.assertEqual((tally.passed, tally.failed), (1, 4))
        self.assertIn("FAILED t: bad", printed)
        self.assertIn("expected 404, got 200", printed)
        self.assertNotIn("secret-token", printed)

    def test_a_write_that_is_answered_and_forgotten_is_seen(self):
        kept = {"name": "kept", "request": "PUT /Users/1", "body": {"userName": "a"}, "status": 200}
        lost = kept | {"name": "lost", "body": {"userName": "b"}, "answer": {"/userName": "b"}}
        tally, printed = quiet(replay_all, [self.transcript(kept, lost)], self.base, "t")
        self.assertEqual((tally.passed, tally.failed), (1, 1))
        self.assertIn("read back", printed)

    def test_the_program_says_by_its_exit_code_what_happened(self):
        good = {"name": "good", "request": "GET /Users/1", "status": 200}
        for steps, code in (([good], 0), ([good, good | {"status": 201}], 1), ([], 1)):
            path = self.transcript(*steps)
            run = subprocess.run(
                [sys.executable, "-B", str(HERE / "replay.py"), self.base, "token", str(path)],
                capture_output=True,
                text=True,
                check=False,
            )
            self.assertEqual(run.returncode, code, run.stdout + run.stderr)
            self.assertRegex(run.stdout, r"\d+ passed, \d+ failed\n$")

    def test_a_server_that_is_gone_is_a_failure(self):
        path = self.transcript({"name": "any", "request": "GET /Users", "status": 200})
        tally, printed = quiet(replay_all, [path], "http://127.0.0.1:9/scim", "t")
        self.assertEqual((tally.passed, tally.failed), (0, 1))
        self.assertIn("no answer", printed)


if __name__ == "__main__":
    unittest.main(verbosity=1)
