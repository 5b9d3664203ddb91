"""Runs suites against one directory and adds up what they say."""

import environment
import suites
from replay import Tally, replay_all, transcripts_for

SUITES = ("scim2-cli", "scim-sanity", "transcripts")

_OUTSIDE = {"scim2-cli": suites.scim2_cli, "scim-sanity": suites.scim_sanity}


def run_suites(base, token, kinds, wanted=SUITES):
    """Runs the suites wanted and prints a line for each; the sum of them."""
    base = base.rstrip("/")
    total = Tally()
    for name in wanted:
        if name in _OUTSIDE:
            tally = _OUTSIDE[name](environment.ensure(), base, token)
        else:
            tally = replay_all(transcripts_for(kinds), base, token)
            if not tally.passed:
                print(f"FAILED transcripts: none for {', '.join(kinds)}")
                tally.failed += 1
        left_out = f", {len(tally.skipped)} left out (see below)" if tally.skipped else ""
        print(f"{name} ({', '.join(kinds)}): {tally.line()}{left_out}", flush=True)
        total.add(tally)
    return total


def print_skipped(tally):
    """Prints what was left out, each reason once."""
    for line in dict.fromkeys(tally.skipped):
        print(f"skipped {line}")
