"""Work that is scheduled, claimed and done by the rules of Unified Procedure Steps (PS3.4 annex CC): the worklist that others use, and the reads that wetread performs from it."""
