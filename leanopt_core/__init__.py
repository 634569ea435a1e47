"""leanopt: searches a trading strategy's parameter space with warm engines.

What a plugin needs is here: `hookimpl` marks its hooks, `API_VERSION` is the version of the plugin
contracts that this core offers.
"""

from leanopt_core.hookspecs import API_VERSION, hookimpl

__all__ = ["API_VERSION", "__version__", "hookimpl"]

__version__ = "0.1.0"
