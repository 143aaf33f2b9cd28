"""French report text: what identifies somebody is found, then replaced."""
