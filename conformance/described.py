"""The OpenAPI document against the gateway: schemathesis asks every operation, once as each kind of caller."""

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import environment
from replay import Tally

TIMEOUT_SECONDS = 1800
FOLDER = Path(__file__).with_name("openapi")

_CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "negative_data_rejection",
)

# How many requests of its own making each operation gets from a caller; whether the cases that follow from the
# document (every bound, every type) are gone through as well; how many operations must at least be answered 2xx once.
# Whoever is refused at the door needs few.
_CALLERS = {
    "administrator": (12, True, 95),
    "operator": (12, False, 85),
    "guest administrator": (8, False, 80),
    "API key": (8, False, 80),
    "scoped administrator": (8, False, 30),
    "user": (4, False, 14),
    "nobody": (4, False, 8),
    "administrator of another tenant": (4, False, 14),
    "SCIM token": (2, False, 8),
}
# The part of it that is asked for of a run that is not thorough.
_PART = 0.3


def run(gateway, folder, thorough):
    """Runs every kind of caller and prints a line for each; the sum of them. Not thorough: fewer requests."""
    programs = environment.ensure(FOLDER / "requirements.txt", "venv-openapi")
    total = Tally()
    with ThreadPoolExecutor(max_workers=2) as pool:
        for name, tally, line, log in pool.map(
            lambda caller: _ask(programs, gateway, Path(folder), caller, thorough), _CALLERS
        ):
            if tally.failed:
                print(log)
            print(f"{'FAILED ' if tally.failed else ''}schemathesis as {name}: {line}", flush=True)
            total.add(tally)
    print(f"schemathesis: {len(_CALLERS)} callers, {total.passed} cases well answered, {total.failed} failures")
    return total


def _ask(programs, gateway, folder, caller, thorough):
    examples, covers, least = _CALLERS[caller]
    report = folder / f"openapi-{caller.replace(' ', '-')}.json"
    if not thorough:
        examples, covers, least = max(2, round(examples * _PART)), False, round(least * 0.6)
    command = _command(programs, gateway, report, examples, covers)
    log = folder / f"{report.stem}.log"
    with open(log, "wb") as output:
        try:
            code = subprocess.run(
                command,
                env=_environment(gateway, caller),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=TIMEOUT_SECONDS,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            code = f"none after {TIMEOUT_SECONDS} s"
    try:
        tally, line = read(json.loads(report.read_text()), code, least)
    except (OSError, ValueError, KeyError) as error:
        tally, line = Tally(failed=1), f"no report ({error!r}), exit code {code}"
    return caller, tally, line, log.read_text(errors="replace")


def _command(programs, gateway, report, examples, covers):
    return [
        str(programs / "schemathesis"),
        "--config-file", str(FOLDER / "schemathesis.toml"),
        "run", f"{gateway.address}/api/v1/openapi.json",
        "--checks", ",".join(_CHECKS),
        "--phases", "coverage,fuzzing" if covers else "fuzzing",
        "--max-examples", str(examples),
        "--seed", "1",
        "--continue-on-failure",
        "--generation-database", "none",
        "--warnings", "off",
        "--report", "json", "--report-json-path", str(report),
    ]


def _environment(gateway, caller):
    """What hooks.py reads. Other users of the machine can read a command line, but not the environment."""
    return {
        **os.environ,
        "PYTHONPATH": str(FOLDER),
        "PYTHONDONTWRITEBYTECODE": "1",
        "NO_COLOR": "1",
        # Proxies of the environment must not see calls to loopback.
        "NO_PROXY": "*",
        "no_proxy": "*",
        "SCHEMATHESIS_HOOKS": "hooks",
        "ROLLCALL_ADDRESS": gateway.address,
        "ROLLCALL_OPERATOR": gateway.operator_token,
        "ROLLCALL_OUTBOX": str(gateway.data / "outbox"),
        "ROLLCALL_CALLER": caller,
    }


def read(report, exit_code, least):
    """Counts what a report says, and tells it in a line. A run that did not come to its end, left operations out or
    was refused nearly everywhere is a failure: it shows nothing."""
    cases, operations = report["test_cases"], report["operations"]
    done = sum(
        any(phase["accepted"] for phase in phases.values()) for phases in report["valid_rates"].values()
    )
    failed = cases["unique_failures"] + sum(error["count"] for error in report["errors"])
    line = (
        f"{operations['tested']} operations, {done} of them done, {cases['generated']} cases, "
        f"{failed} failures, {report['running_time']:.0f} s"
    )
    short = []
    if not report["complete"] or operations["tested"] < operations["total"]:
        short.append("not every operation was asked")
    if done < least:
        short.append(f"fewer than {least} operations were done")
    if exit_code and not failed:
        short.append(f"exit code {exit_code}")
    passed = cases["generated"] - cases["with_failures"] - cases["errored"]
    return Tally(passed=passed, failed=failed + len(short)), "; ".join([line, *short])
