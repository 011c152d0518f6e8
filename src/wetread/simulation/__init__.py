"""What a reading order does to waiting: a simulated reading room, fitted to a site, before anybody waits in a real one."""
