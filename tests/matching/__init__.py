"""Rule R12: a match cannot fail, whatever the values are that are compared."""
