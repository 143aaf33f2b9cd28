"""The bounds of a run, and its summary in Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MOST_GROWTH = 0.05  # of the memory itself, over the time that was watched
MOST_WARMING = 0.15  # where less than so long was watched: allocator and caches still fill
WARMING_S = 300
MOST_MORE = 4  # descriptors or threads between the first and the last third: pools that fill late


def bounds(figures: Mapping[str, Any]) -> dict[str, bool]:
    """What must hold, by name."""
    watched, failures = figures["server"], figures["failures"]
    faults = figures["faults"]
    growth = MOST_GROWTH if watched["watched_s"] >= WARMING_S else MOST_WARMING
    return {
        "no_wrong_answer": not any(name.startswith("wrong answer") for name in failures)
        and figures["answers_compared"] > 0,
        "no_lost_record": figures["records"]["still_waiting"] == 0
        and not any("lost" in name or "recorded" in name or "event" in name for name in failures),
        "errors_only_where_promised": not failures,
        "memory_flat": watched["rss_growth_mib"] <= growth * watched["rss_mib"],
        "descriptors_flat": watched["files"]["last"] <= watched["files"]["first"] + MOST_MORE,
        "threads_flat": watched["threads"]["last"] <= watched["threads"]["first"] + MOST_MORE,
        "no_place_kept": figures["at_the_end"]["waiting_requests"] == 0,
        "ended_cleanly": figures["at_the_end"]["exit_status"] == 0,
        "no_fault_logged": figures["at_the_end"]["faults_in_log"] == 0,
        "every_fault_happened": all(one["times"] > 0 for one in faults.values())
        and all(figures["told_to_come_back"].get(kind, 0) > 0 for kind in ("too_many", "too_fast"))
        and figures["reloads"]["rolled_back"] > 0,
    }


def summary(figures: Mapping[str, Any]) -> str:
    """The run on one page."""
    rows = "\n".join(
        f"| {name} | {'met' if met else '**not met**'} |" for name, met in figures["bounds"].items()
    )
    faults = "\n".join(
        f"| {name} | {one['times']} | {one['seconds']} | {one['excuses']} |"
        for name, one in figures["faults"].items()
    )
    statuses = "\n".join(f"| {name} | {count} |" for name, count in figures["statuses"].items())
    rude = "\n".join(f"| {name} | {count} |" for name, count in figures["rude_clients"].items())
    failures = "\n".join(f"- {name}: {count}" for name, count in figures["failures"].items()) or "none"
    starts, watched = figures["starts"], figures["server"]
    compared, recorded = figures["answers_compared"], figures["records"]["champion_rows"]
    files, threads = watched["files"], watched["threads"]
    slope, low, high = watched["rss_slope_mib_per_hour"]
    return f"""# Soak of the model server

{figures["minutes"]} minutes, {compared} answers compared, {recorded} events in the feature store,
{figures["reloads"]["done"]} changes of champions, {starts["server"]} starts of the server
and {starts["writer"]} of the writer. The full disk was {figures["disk"]}.

| bound | |
|---|---|
{rows}

Over the last {watched["watched_s"]} s: memory {watched["rss_mib"]} MiB, its slope {slope} MiB an hour
(95 %: {low} to {high}); descriptors without sockets {files["first"]} to {files["last"]}; threads
{threads["first"]} to {threads["last"]}. Answer times of proper clients, in ms: {figures["answer_ms"]}.

| fault | times | seconds | errors it excuses |
|---|---|---|---|
{faults}

| proper clients: route and status (0: cut off) | replies |
|---|---|
{statuses}

| rude clients: manner and status | replies |
|---|---|
{rude}

Failures: {failures}
"""
