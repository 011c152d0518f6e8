"""The DICOM application entities beside us, each once, however the settings name them: the table, or the older lists of callers, queriers, destinations and the sink."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from wetread.dicom.remote_ae import RemoteAe
from wetread.settings import Remote, Settings, SettingsError
from wetread.settings_dimse import EntitySettings, ItMay, WeUse

__all__ = ["Neighbour", "neighbours_of", "worklist_of"]

_OLDER_SINK = "cstore"


@dataclass(frozen=True, slots=True)
class Neighbour:
    """`it_may`: what of us, from which addresses ("" for any). `remote`: how we call it, None where we do not. With `tls_only` it may call us in TLS alone, by a certificate for `client_name` ("": any that holds).

    `sink` names it among the sinks, where we store there; `reports_from`: where from it may tell us what it has committed. `move_to`: our AE title and port for its C-MOVE.
    """

    ae_title: str
    it_may: Mapping[ItMay, tuple[str, ...]]
    we_use: tuple[WeUse, ...] = ()
    remote: RemoteAe | None = None
    tls_only: bool = False
    client_name: str = ""
    sink: str = ""
    reports_from: tuple[str, ...] = ()
    move_to: tuple[str, int] | None = None
    calls_from: tuple[str, ...] = ()

    def callers(self, right: ItMay) -> list[tuple[str, str]]:
        """(AE title, address) pairs."""
        return [(self.ae_title, address) for address in self.it_may.get(right, ())]


def neighbours_of(settings: Settings) -> tuple[Neighbour, ...]:
    """The table's in its order, then the lists'. Raises SettingsError for an AE title of the table that stands elsewhere too: the two could contradict each other."""
    table = [_of_table(each, settings) for each in settings.application_entities]
    older = [*_of_lists(settings), *_of_sink(settings)]
    titles = [each.ae_title for each in table]
    for title in titles:
        if titles.count(title) > 1 or any(each.ae_title == title for each in older):
            raise SettingsError(f"{title} is configured twice: keep its one entry in application_entities")
    return (*table, *older)


def worklist_of(settings: Settings) -> RemoteAe | None:
    """Whose worklist says what was ordered; None where nobody's does. Raises SettingsError for two: they could contradict each other."""
    found = [each.remote for each in neighbours_of(settings) if "worklist" in each.we_use and each.remote]
    if len(found) > 1:
        raise SettingsError("two application_entities have worklist in we_use: one says what was ordered")
    return found[0] if found else None


def _of_table(entity: EntitySettings, settings: Settings) -> Neighbour:
    remote = None
    if entity.is_callable and entity.port is not None:
        tls = entity.peer_tls(settings.dimse_tls)
        remote = RemoteAe(entity.ae_title, entity.host, entity.port, settings.ae_title, entity.timeout_s, tls)
    addresses = entity.calling_addresses
    return Neighbour(
        entity.ae_title,
        dict.fromkeys(entity.it_may, addresses),
        entity.we_use,
        remote,
        entity.tls,
        entity.client_name,
        f"{_OLDER_SINK}-{entity.ae_title}" if "store" in entity.we_use else "",
        addresses if "commitment" in entity.we_use else (),
        (entity.move_ae_title or settings.ae_title, entity.move_port) if entity.move_port else None,
        addresses if entity.calls_from else (),
    )


def _of_lists(settings: Settings) -> Iterable[Neighbour]:
    """One for each AE title of callers, queriers and destinations."""
    rights: list[tuple[str, ItMay, str]] = [
        *((each.ae_title, "store", each.address) for each in settings.dimse_callers),
        *((each.ae_title, "query", each.address) for each in settings.dimse_queriers),
        *((each.ae_title, "receive", each.host) for each in settings.dimse_destinations),
    ]
    called = {each.ae_title: _remote(each, settings) for each in settings.dimse_destinations}
    for title in dict.fromkeys(each for each, _, _ in rights):
        mine: dict[ItMay, tuple[str, ...]] = {}
        for whose, right, address in rights:
            if whose == title:
                mine[right] = (*mine.get(right, ()), address)
        yield Neighbour(title, mine, remote=called.get(title))


def _of_sink(settings: Settings) -> Iterable[Neighbour]:
    if sink := settings.cstore_sink:
        yield Neighbour(sink.ae_title, {}, ("store",), _remote(sink, settings), sink=_OLDER_SINK)


def _remote(each: Remote, settings: Settings) -> RemoteAe:
    return RemoteAe(each.ae_title, each.host, each.port, settings.ae_title)
