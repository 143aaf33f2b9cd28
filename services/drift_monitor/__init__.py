"""The drift monitor: looks at the stored events at intervals and says which hospital changed."""
