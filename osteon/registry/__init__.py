"""Versions of model packages, their lineage, and who is champion, challenger or shadow."""

from osteon.registry.address import registry_uri
from osteon.registry.package import verify_package
from osteon.registry.past import Tenure, in_production_at, parse_moment
from osteon.registry.promotions import ALIASES, Promotion
from osteon.registry.store import Registry
from osteon.registry.version import RegisteredModel, Version

__all__ = [
    "ALIASES",
    "Promotion",
    "RegisteredModel",
    "Registry",
    "Tenure",
    "Version",
    "in_production_at",
    "parse_moment",
    "registry_uri",
    "verify_package",
]
