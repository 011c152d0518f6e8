"""wetread: a machine wet read for chest radiographs, signed by people. Assistive research tool, not a cleared device."""

__version__ = "0.1.0"
