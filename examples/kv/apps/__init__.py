"""The applications of the umbrella: kv, and kv_server which needs it."""
