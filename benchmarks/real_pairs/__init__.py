"""Real hands and knees: what captions made of other labels save in labels. See `__main__`."""
