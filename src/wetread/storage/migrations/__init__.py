"""Migration scripts, written by hand: `work` for the working database, `vault` for the vault."""
