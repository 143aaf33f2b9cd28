"""De-identification: an allow-list that fails closed.

The text part needs a French language model and is imported when it is first used; headers are not.
"""

from osteon.deid.actions import Action, Rule
from osteon.deid.identity import KnownIdentity, known_from_keywords
from osteon.deid.instance import DeidentifiedInstance, deidentify_dataset, deidentify_dicom
from osteon.deid.keys import ProjectKey, create_key, load_key
from osteon.deid.policy import Policy
from osteon.deid.pseudonyms import Pseudonymiser

__all__ = [
    "Action",
    "DeidentifiedInstance",
    "KnownIdentity",
    "Policy",
    "ProjectKey",
    "Pseudonymiser",
    "Rule",
    "create_key",
    "deidentify_dataset",
    "deidentify_dicom",
    "known_from_keywords",
    "load_key",
]
