"""Osteon: a hospital's own bone radiographs and French reports, turned into models it runs and retrains."""

from osteon._torchvision import install as _install

_install()
