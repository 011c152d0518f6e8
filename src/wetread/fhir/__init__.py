"""All of FHIR R4."""
