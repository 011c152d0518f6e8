"""May this patient be asked to join a trial? Criteria as data, judged on film and record, with a reason for each; it recommends, people enrol."""
