"""Music to listen to."""

from playlist.models import Rec

__all__ = ["Rec"]
