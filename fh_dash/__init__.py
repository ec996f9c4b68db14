"""Hot reload for FastHTML and other ASGI apps, with a terminal dashboard."""

__version__ = "0.1.0"
