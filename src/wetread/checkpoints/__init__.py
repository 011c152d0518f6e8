"""Signed checkpoints of the audit log, kept in a second place, and proofs that a record is under one."""
