"""What wakes workers, by the settings: Redis Streams, or a bell in each process."""

from wetread.domain.errors import PermanentError
from wetread.ports.dispatcher import Dispatcher, DispatchState
from wetread.settings import Settings

__all__ = ["build_dispatcher", "dispatch_state"]


def build_dispatcher(settings: Settings) -> Dispatcher:
    """Connects when it is first used: a Redis that is away keeps nobody from starting."""
    chosen = settings.dispatch
    if chosen is None:
        from wetread.queueing.bell import Bell

        return Bell()
    try:
        from wetread.queueing.redis_streams import RedisStreams
    except ImportError:
        raise PermanentError("dispatch needs the extra: pip install 'wetread[redis]'", code="bad_settings") from None
    return RedisStreams(
        chosen.url,
        lease_s=settings.lease_s,
        password=chosen.resolved_password,
        ca_file=str(chosen.ca_file.expanduser()) if chosen.ca_file else "",
        name=chosen.name,
    )


def dispatch_state(settings: Settings, dispatcher: Dispatcher) -> DispatchState:
    """As it is told of the whole service: how often the bell of this process rang says nothing of the workers, which are others."""
    return dispatcher.state() if settings.dispatch else DispatchState("embedded", up=True)
