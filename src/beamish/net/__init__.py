"""Sockets owned by processes."""
