"""The process that makes sure a critical result reaches a person: sweep, send, watch, and be watched."""
