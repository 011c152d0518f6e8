"""The statistics: discrimination, calibration, operating points, localisation; every number with its n and interval."""
