"""Is anything silent that should speak?"""
