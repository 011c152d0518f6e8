"""What a reading rule does to waiting times, before anybody waits."""
