"""The end of a process whose disk could not make bytes durable (fsync(2): EIO).

After such a failure the kernel may drop what was written and call it clean, and the next fsync says that all is well (https://lwn.net/Articles/752063/). A process that goes on could acknowledge what is not there, so it
ends at once, as PostgreSQL does (`data_sync_retry`): from whatever thread, with nothing tidied up, as a kill would end it. Whoever starts it again begins with what the disk holds. A full disk is another matter: that
is told to the sender and lived through.
"""

import logging
import os
from typing import NoReturn

__all__ = ["end_process"]

_LOG = logging.getLogger(__name__)


def end_process(what: str, error: str) -> NoReturn:
    """Exit status 74 (EX_IOERR of sysexits.h). `what` could not be synced; `error` is the name of the failure."""
    _LOG.critical(
        "disk_failed what=%s error=%s: nothing of it was acknowledged; look at the disk, then start again", what, error
    )
    os._exit(os.EX_IOERR)
