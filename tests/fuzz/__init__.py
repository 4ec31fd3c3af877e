"""Mutated and hostile files for every reader: `make fuzz`, and a bounded part in `make test`."""
