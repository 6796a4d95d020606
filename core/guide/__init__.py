"""What spans all areas: where a person stands on the path, and what the computer has."""
