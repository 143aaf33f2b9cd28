"""Loads the text engine when it is imported: the batch's fork server preloads this module.

The one module of the project that does work at import, for one reason: workers forked from a server
that has the engine share its memory and start at once.
"""

from osteon.deid.text.engine import analyser

analyser()
