"""Who may edit, sign, amend, reject, and what each act means."""
