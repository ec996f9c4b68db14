"""The dashboard itself, and what lies over it for a moment."""
