"""All SQL, the content-addressed file store and the vault."""
