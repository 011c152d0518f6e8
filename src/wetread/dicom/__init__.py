"""All of pydicom, pynetdicom, highdicom and imagecodecs: parsing and decoding in a sandbox, DICOMweb, DIMSE, SR out."""
