"""The installation's own secret keys: where they are read, that they are the same as before, and their succession."""
