"""What `Enter` shows: one pure function per kind of row, from the row and the store to lines."""

from __future__ import annotations

from fh_dash.tui.details.document import Document, document

__all__ = ["Document", "document"]
