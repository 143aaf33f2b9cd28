"""One module for each kind of input: seeds made in code, a mutator, and the product's reader on that."""
