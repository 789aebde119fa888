"""The application kv_server: buckets for whoever connects."""

from .app import KVServer

__all__ = ["KVServer"]
