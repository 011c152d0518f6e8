"""What goes where after signing, what was acknowledged, what is tried again."""
