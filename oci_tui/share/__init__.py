"""A session that outlives its terminal, and that several people look at: the host that keeps it, and the way in."""
