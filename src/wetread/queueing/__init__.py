"""What wakes workers: a bell in this process, or Redis Streams between processes. The queue itself is in `storage`."""
