"""The two outside suites: how they are driven, and what counts as a failure of them."""

import json
import os
import re
import subprocess

from replay import Tally

TIMEOUT_SECONDS = 600

# scim2-cli colours its lines when it thinks that a terminal reads them.
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_RESULT = re.compile(r"^(SUCCESS|COMPLIANT|ACCEPTABLE|DEVIATION|ERROR|CRITICAL|SKIPPED) (\w+)$")
_GOOD = {"SUCCESS", "COMPLIANT", "ACCEPTABLE"}

# The tester stops early and without an error when it learns of no resource type, so these must be seen.
_SCIM2_CHECKS = {
    "service_provider_config_endpoint",
    "service_provider_config_endpoint_methods",
    "random_url",
    "object_creation",
    "object_query",
    "object_query_without_id",
    "object_query_with_attributes",
    "object_list_with_attributes",
    "search_with_attributes",
    "object_replacement",
    "object_deletion",
    "check_add_attribute",
    "check_remove_attribute",
    "check_replace_attribute",
}

# The agent resources are a draft of 2025 that no identity provider of ours speaks.
_SANITY_SKIPS = re.compile(r"^Agent")

# Where scim-sanity asks for what this gateway refuses on purpose: (check, message) -> reason.
# Only these messages are excused; any other failure of the same check is one.
_SANITY_DEVIATIONS = {
    ("PATCH /Groups/{id} add member", "Expected 200, got 400"): (
        "it adds a member id that no resource has; a membership of nobody is refused, not answered 200"
    ),
    ("PATCH /Groups/{id} remove members", "Expected 200, got 204"): (
        "a PATCH of members alone answers 204 without a body, as RFC 7644 section 3.5.2 allows"
    ),
}


def scim2_cli(programs, base, token):
    """scim2-cli's tester: every check must succeed; what it leaves out is told."""
    run = subprocess.run(
        [str(programs / "scim2"), "--url", base, "test", "--verbose"],
        # Other users of the machine can read a command line, but not the environment.
        env={**os.environ, "SCIM_CLI_HEADERS": f"Authorization: Bearer {token}", "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    tally, seen = read_scim2(run.stdout)
    missing = _SCIM2_CHECKS - seen
    if missing:
        tally.failed += 1
        print(f"FAILED scim2-cli: exit code {run.returncode}, these checks never ran: {', '.join(sorted(missing))}")
        print(_COLOUR.sub("", run.stdout)[-3000:])
    elif run.returncode != 0 and not tally.failed and not tally.skipped:
        tally.failed += 1
        print(f"FAILED scim2-cli: exit code {run.returncode} although every check went well")
    return tally


def read_scim2(output):
    """Counts the results in the tester's output, prints the bad ones, and names the checks seen."""
    tally, seen, current = Tally(), set(), None
    for line in _COLOUR.sub("", output).splitlines():
        found = _RESULT.match(line)
        if found:
            status, check = found.groups()
            seen.add(check)
            current = status
            if status in _GOOD:
                tally.passed += 1
            elif status == "SKIPPED":
                tally.skipped.append(f"scim2-cli: {check}")
            else:
                tally.failed += 1
                print(f"FAILED scim2-cli: {status} {check}")
        elif current == "SKIPPED" and line.strip():
            tally.skipped[-1] += f" ({line.strip()})"
        elif current not in _GOOD and current is not None:
            print(f"  {line.strip()}")
    return tally, seen


def scim_sanity(programs, base, token):
    """scim-sanity's probe in strict mode: no failure, no error, no warning."""
    run = subprocess.run(
        [str(programs / "scim-sanity"), "probe", base, "--token", token]
        + ["--strict", "--json-output", "--i-accept-side-effects"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    try:
        results = json.loads(run.stdout)["results"]
    except (ValueError, KeyError):
        print(f"FAILED scim-sanity: exit code {run.returncode}, no report\n{run.stdout[-2000:]}{run.stderr[-2000:]}")
        return Tally(failed=1)
    return read_sanity(results)


def read_sanity(results):
    """Counts the probe's results, prints the bad ones and the stated deviations."""
    tally = Tally()
    for result in results:
        name, status, message = result["name"], result["status"], result.get("message") or ""
        reason = _SANITY_DEVIATIONS.get((name, message)) if status == "fail" else None
        if status == "pass":
            tally.passed += 1
        elif reason:
            tally.skipped.append(f"scim-sanity: {name}: {message} (stated deviation: {reason})")
        elif status == "skip" and _SANITY_SKIPS.match(name):
            tally.skipped.append(f"scim-sanity: {name} ({message})")
        else:
            tally.failed += 1
            print(f"FAILED scim-sanity: {status} {result.get('phase', '')}: {name}: {message}")
    # Discovery, both life cycles, search and errors are more results than this.
    if tally.passed < 20:
        tally.failed += 1
        print(f"FAILED scim-sanity: only {tally.passed} checks passed, the probe did not get far")
    return tally
