"""The audit log on its way to an Audit Record Repository: DICOM audit messages, syslog over TLS, and how far it has come."""
