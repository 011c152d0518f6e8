"""The HTTP door: DICOMweb, JSON API, pages, health. No decisions."""
