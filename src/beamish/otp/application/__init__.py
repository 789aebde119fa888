"""Applications: parts of a program that are configured, started and stopped as a whole.

A node starts them in the order of their dependencies and stops them in the reverse order; when one
stops, whatever it has spawned and still runs is killed. Settings have types, and are checked when
the application is loaded.

Source: kernel, application(3), app(4) and config(4) (OTP 25 manual); Elixir's Application.

See the page "Application" in the documentation.
"""

# Built on `gen`, `errors` and the process functions; no behaviour's room is touched.

from typing import TYPE_CHECKING

from beamish.on_demand import exports as _exports

if TYPE_CHECKING:
    from .env import (
        configure,
        delete_env,
        fetch_env,
        get_all_env,
        get_env,
        load_config,
        put_env,
        set_env,
    )
    from .finding import AppLike, get_application
    from .functions import (
        RestartType,
        ensure_all_started,
        ensure_loaded,
        ensure_started,
        get_all_key,
        get_key,
        get_supervisor,
        load,
        loaded_applications,
        start,
        stop,
        unload,
        which_applications,
    )
    from .setting import ConfigError, Setting
    from .spec import Application, ApplicationInfo
else:
    __getattr__, __dir__ = _exports(
        __name__,
        {
            ".env": (
                "configure delete_env fetch_env get_all_env get_env load_config put_env set_env"
            ),
            ".finding": "AppLike get_application",
            ".functions": (
                "RestartType ensure_all_started ensure_loaded ensure_started get_all_key "
                "get_key get_supervisor load loaded_applications start stop unload "
                "which_applications"
            ),
            ".setting": "ConfigError Setting",
            ".spec": "Application ApplicationInfo",
        },
    )

__all__ = [
    "AppLike",
    "Application",
    "ApplicationInfo",
    "ConfigError",
    "RestartType",
    "Setting",
    "configure",
    "delete_env",
    "ensure_all_started",
    "ensure_loaded",
    "ensure_started",
    "fetch_env",
    "get_all_env",
    "get_all_key",
    "get_application",
    "get_env",
    "get_key",
    "get_supervisor",
    "load",
    "load_config",
    "loaded_applications",
    "put_env",
    "set_env",
    "start",
    "stop",
    "unload",
    "which_applications",
]
