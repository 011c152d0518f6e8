"""What the hospital orders and says of patients, against the films that came: whether they are of one person, and what a person must look at."""
