"""Music to listen to."""

from playlist.models import Track

__all__ = ["Track"]
