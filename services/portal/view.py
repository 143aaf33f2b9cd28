"""From what the services say to what the page shows: rows and words, no markup."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from services.portal.sources import Snapshot
from services.portal.words import WORDS, Language, write_age, write_date, write_number

STRATUM_KEYS = ("device", "view", "body_part", "age_band", "sex")
TASK_ORDER = ("fracture", "bone-age", "knee-oa", "abnormality", "leg-alignment", "implant")


@dataclass(frozen=True, kw_only=True)
class Cell:
    """The verdict of one site and task."""

    verdict: str
    words: str
    note: str


@dataclass(frozen=True, kw_only=True)
class View:
    """The page's content in one language."""

    services: list[dict[str, Any]]
    models: list[dict[str, str]] | None
    tasks: list[str]
    sites: list[tuple[str, list[Cell | None]]] | None
    drift_note: str
    changes: list[str]
    queue: list[tuple[str, str]] | None
    requests: str
    updated: str


def make_view(snapshot: Snapshot, language: Language, now: datetime | None = None) -> View:
    """The page's content from one look at the services."""
    moment = now or datetime.now(UTC)
    words = WORDS[language]
    streams = snapshot.drift["streams"] if snapshot.drift else []
    whole = [stream for stream in streams if stream["key"] == "all"]
    tasks = sorted({stream["task"] for stream in whole}, key=_task_rank)
    level = snapshot.drift["family_wise_level"] if snapshot.drift else 0.05
    return View(
        services=[
            {
                "name": words[service.name],
                "state": service.state,
                "words": words[service.state],
                "note": "" if service.answer_ms is None else f"{service.answer_ms:.0f} ms",
            }
            for service in snapshot.services
        ],
        models=_models(snapshot, language, moment),
        tasks=[words.get(task, task) for task in tasks],
        sites=_sites(whole, tasks, language) if snapshot.drift else None,
        drift_note=words["drift_note"].format(level=_percent(level, language)),
        changes=[_change(stream, language) for stream in streams if stream["verdict"] == "drift"],
        queue=_queue(snapshot, language),
        requests=_requests(snapshot, language),
        updated=words["updated"].format(time=f"{moment:%H:%M:%S} UTC"),
    )


def _task_rank(task: str) -> tuple[int, str]:
    return (TASK_ORDER.index(task) if task in TASK_ORDER else len(TASK_ORDER), task)


def _percent(level: float, language: Language) -> str:
    return f"{level * 100:g}\u202f%" if language == "fr" else f"{level * 100:g}%"


def _models(snapshot: Snapshot, language: Language, now: datetime) -> list[dict[str, str]] | None:
    if snapshot.models is None:
        return None
    rows = []
    for model in sorted(snapshot.models, key=lambda model: _task_rank(model["task"])):
        since = datetime.fromisoformat(model["since_utc"]).astimezone(UTC)
        counts = (snapshot.predictions or {}).get(model["task"], {})
        rows.append(
            {
                "task": WORDS[language].get(model["task"], model["task"]),
                "version": model["version"],
                "model_version": model["model_version"],
                "since": write_date(since, language),
                "age": write_age(since, language, now),
                "answered": write_number(counts.get("answered", 0), language),
                "abstained": write_number(counts.get("abstained", 0), language),
            }
        )
    return rows


def _sites(
    whole: list[dict[str, Any]], tasks: list[str], language: Language
) -> list[tuple[str, list[Cell | None]]]:
    found = {(stream["stratum"]["site"], stream["task"]): stream for stream in whole}
    sites = sorted({site for site, _ in found})
    return [
        (site, [_cell(found[site, task], language) if (site, task) in found else None for task in tasks])
        for site in sites
    ]


def _cell(stream: dict[str, Any], language: Language) -> Cell:
    words = WORDS[language]
    number = stream["production"]["events"]
    note = words["event" if number == 1 else "events"].format(n=write_number(number, language))
    if stream["doubt"]:
        note = f"{note}, {words['doubt_' + stream['doubt']]}"
    return Cell(verdict=stream["verdict"], words=words[f"verdict_{stream['verdict']}"], note=note)


def _change(stream: dict[str, Any], language: Language) -> str:
    """One drifting stream in words: where, and by which statistics."""
    words, stratum = WORDS[language], stream["stratum"]
    parts = [stratum["site"], words.get(stream["task"], stream["task"])]
    parts += [f"{words[key]} {stratum[key]}" for key in STRATUM_KEYS if stratum[key] != "all"]
    alarms = [words.get(name, name) for name, one in stream["statistics"].items() if one["alarms"]]
    return f"{' · '.join(parts)} ({', '.join(alarms)})"


def _requests(snapshot: Snapshot, language: Language) -> str:
    words = WORDS[language]
    if snapshot.requests is None:
        return words["unreachable"]
    named = [
        f"{words.get(task, task)} {write_number(number, language)}"
        for task, number in sorted(snapshot.requests.items())
        if number
    ]
    return ", ".join(named) or words["none_requested"]


def _queue(snapshot: Snapshot, language: Language) -> list[tuple[str, str]] | None:
    if snapshot.received is None:
        return None
    names = {"answered": "queue_answered"}
    return [
        (WORDS[language][names.get(state, state)], write_number(snapshot.received.get(state, 0), language))
        for state in ("answered", "received", "sent", "failed")
    ]
