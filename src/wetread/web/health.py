"""Is this process alive, can it serve, and how much waits? Probes that do not lie; counts only, never a name (OpenMetrics 1.0)."""

from collections.abc import Mapping, Sequence
from functools import partial

from starlette.responses import Response

from wetread.domain.disk_room import DiskRoom
from wetread.domain.errors import WetreadError
from wetread.domain.job import JobState
from wetread.domain.study_state import StudyState
from wetread.domain.upkeep import DoorCounts
from wetread.ports.dispatcher import DispatchState
from wetread.web.critical_metrics import alarm_metrics, critical_metrics
from wetread.web.json_answer import json_answer
from wetread.web.operations import Call
from wetread.web.services import Probe

__all__ = ["get_contract", "get_door_readiness", "get_health", "get_metrics", "get_model_card", "get_readiness"]


def get_health(call: Call) -> Response:
    return json_answer({"status": "alive", "version": call.house.services.settings.version})


def get_readiness(call: Call) -> Response:
    """200 when every probe is content, else 503; each says what is wrong without saying where it lives. A database that only reads is none: nobody could sign or be paged. A dispatcher that is away is said, and keeps nothing from being read."""
    services = call.house.services
    whole = {"database": partial(_database_works, call, write=True)}
    problems = _problems({**_door_probes(call), **whole, **services.probes})
    return _readiness(problems, {"dispatcher": "ok" if services.dispatch().up else "away: workers look for themselves"})


def get_door_readiness(call: Call) -> Response:
    """As `get_readiness`, of this door alone: whoever takes a server that is not ready out of service must not take the reading room away because no worker lives (law 1)."""
    return _readiness(_problems(_door_probes(call)), {})


def get_contract(call: Call) -> Response:
    return json_answer(call.house.contract)


def get_model_card(call: Call) -> Response:
    """The installed model's, and before it those of versions that read for a site or a share of it."""
    services = call.house.services
    with services.database.begin(write=False) as unit:
        reading = [(each, unit.version(each.model_key)) for each in unit.rollouts() if each.percent]
    cards = [
        f"{each.model_key} reads {each.percent} % of the studies of {each.site}.\n\n{services.version_card(version)}"
        for each, version in reading
        if version is not None
    ]
    text = "\n\n---\n\n".join([*cards, services.settings.model_card])
    return Response(text, media_type="text/plain; charset=utf-8")


def get_metrics(call: Call) -> Response:
    database = call.house.services.database
    studies, jobs = database.count_studies(), database.count_jobs()
    lines = ["# TYPE wetread_studies gauge", "# HELP wetread_studies Studies by state."]
    lines += [f'wetread_studies{{state="{state.value}"}} {studies.get(state, 0)}' for state in StudyState]
    lines += ["# TYPE wetread_jobs gauge", "# HELP wetread_jobs Jobs by kind and state; state dead waits for a person."]
    counted = sorted(jobs.items(), key=lambda each: (each[0][0].value, each[0][1].value))
    lines += [f'wetread_jobs{{kind="{kind.value}",state="{state.value}"}} {count}' for (kind, state), count in counted]
    dead = sum(count for (_, state), count in jobs.items() if state is JobState.DEAD)
    lines += [
        "# TYPE wetread_dead_letters gauge",
        "# HELP wetread_dead_letters Jobs given up.",
        f"wetread_dead_letters {dead}",
    ]
    lines += _dispatch_metrics(call.house.services.dispatch())
    lines += _disk_metrics(call.house.services.disks())
    with database.begin(write=False) as unit:
        lines += critical_metrics(unit.criticals(limit=10_000), call.house.services.clock.now())
        lines += alarm_metrics(unit.alarms(limit=10_000))
        lines += _door_metrics(unit.door_counts())
        lines += call.house.quality.of(unit.quality())
    return Response(
        "\n".join([*lines, "# EOF", ""]), media_type="application/openmetrics-text; version=1.0.0; charset=utf-8"
    )


def _dispatch_metrics(state: DispatchState) -> list[str]:
    """Without a value where there is no Redis, or it does not answer: unknown is not 0 (law 6)."""
    lines = ["# TYPE wetread_dispatcher_up gauge", "# HELP wetread_dispatcher_up What wakes workers answers."]
    lines.append(f'wetread_dispatcher_up{{kind="{state.name}"}} {int(state.up)}')
    lines += [
        "# TYPE wetread_dispatcher_hints gauge",
        "# HELP wetread_dispatcher_hints Hints that no worker has taken (waiting), or whose work is not over (pending).",
    ]
    counts = (("waiting", state.waiting), ("pending", state.pending))
    return lines + [f'wetread_dispatcher_hints{{state="{name}"}} {n}' for name, n in counts if n is not None]


def _disk_metrics(rooms: Sequence[DiskRoom]) -> list[str]:
    free, size = "wetread_disk_free_bytes", "wetread_disk_size_bytes"
    lines = [f"# TYPE {free} gauge", f"# UNIT {free} bytes", f"# HELP {free} Free on the disk of films and databases."]
    lines += [f'{free}{{holds="{"+".join(each.holds)}"}} {each.free_bytes}' for each in rooms]
    lines += [f"# TYPE {size} gauge", f"# UNIT {size} bytes", f"# HELP {size} Size of that disk."]
    return lines + [f'{size}{{holds="{"+".join(each.holds)}"}} {each.total_bytes}' for each in rooms]


def _door_metrics(counts: DoorCounts) -> list[str]:
    name = "wetread_dimse_connections"
    said = "Connections to the DIMSE door that came to nothing, to the minute: unused, closed before a byte was said, as by a load balancer; refused, a line in its log each."
    ends = (("unused", counts.unused), ("refused", counts.refused))
    # a gauge: Prometheus' own checker does not know a counter's name without _total, as OpenMetrics has it
    return [f"# TYPE {name} gauge", f"# HELP {name} {said}"] + [f'{name}{{end="{end}"}} {n}' for end, n in ends]


def _door_probes(call: Call) -> dict[str, Probe]:
    return {"database": lambda: _database_works(call), "store": lambda: _store_takes_files(call)}


def _problems(probes: Mapping[str, Probe]) -> dict[str, str]:
    return {name: _ask(probe) for name, probe in probes.items()}


def _readiness(problems: Mapping[str, str], told: Mapping[str, str]) -> Response:
    ready = not any(problems.values())
    checks = {name: problem or "ok" for name, problem in problems.items()} | dict(told)
    return json_answer({"ready": ready, "checks": checks}, 200 if ready else 503)


def _database_works(call: Call, *, write: bool = False) -> str:
    services = call.house.services
    with services.database.begin(write=write) as unit:  # nothing is committed
        unit.account("")
        if write:
            unit.beat("readiness", services.clock.now())
    return ""


def _store_takes_files(call: Call) -> str:
    call.house.services.file_store.receive().discard()
    return ""


def _ask(probe: Probe) -> str:
    try:
        return probe()
    except (WetreadError, OSError) as error:
        return f"failed: {getattr(error, 'code', type(error).__name__)}"
