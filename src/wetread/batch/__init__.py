"""Films of an archive by the thousand: listed once, read by many readers at once, written down one by one, put together in the list's order."""
