"""Evidence packs: facts and measures laid out for people who answer for a device, as one page and as JSON."""
