"""Report text to statements about findings, in three stages as CheXpert does it (Irvin 2019)."""
