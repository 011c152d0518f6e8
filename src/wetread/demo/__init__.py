"""The demonstration: a modality, an archive and a radiologist played by scripts around the real service."""
