"""One recogniser a file: a plain function from text to spans."""
