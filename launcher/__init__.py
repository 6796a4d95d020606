"""What start.py does: environment, installation, start, tests. Standard library only: nothing is installed yet."""
