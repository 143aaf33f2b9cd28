"""`make demo-drift`: from a new device to a new champion, and back from a harmful one, with real parts."""
