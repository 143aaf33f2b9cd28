"""Versions of model packages, their lineage, who is champion, challenger or shadow; runs compared."""

from osteon.registry.address import registry_uri, tracking_address
from osteon.registry.comparison import Comparison, compare_runs
from osteon.registry.lineage import SubjectLog, TrainedModel
from osteon.registry.package import verify_package
from osteon.registry.past import Tenure, in_production_at, parse_moment
from osteon.registry.promotions import ALIASES, Promotion
from osteon.registry.run import Run, run_of
from osteon.registry.signatures import SignedBy
from osteon.registry.signing import TrustedSigners, make_signing_key
from osteon.registry.store import Registry
from osteon.registry.tracking import Tracking
from osteon.registry.version import RegisteredModel, Version

__all__ = [
    "ALIASES",
    "Comparison",
    "Promotion",
    "RegisteredModel",
    "Registry",
    "Run",
    "SignedBy",
    "SubjectLog",
    "Tenure",
    "Tracking",
    "TrainedModel",
    "TrustedSigners",
    "Version",
    "compare_runs",
    "in_production_at",
    "make_signing_key",
    "parse_moment",
    "registry_uri",
    "run_of",
    "tracking_address",
    "verify_package",
]
