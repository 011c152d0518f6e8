"""Our own parsers under bytes that a coverage-guided fuzzer makes up (atheris, Apache-2.0): `make fuzz`."""
