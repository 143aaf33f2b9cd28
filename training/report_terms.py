"""Words that many reports use, and which report uses which: what a picture can be asked for one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from osteon.domain import RefusedError

# Of all reports: a rarer word gives too few examples, a commoner one no question.
_LEAST, _MOST = 0.01, 0.9


@dataclass(frozen=True, kw_only=True)
class ReportTerms:
    """Words and pairs of neighbouring words (`pas de`), and who uses them.

    Attributes:
        terms: the K of them, by alphabet.
        used: 1 where study n's findings hold term k, bytes (N, K).
    """

    terms: tuple[str, ...]
    used: NDArray[np.uint8]

    @property
    def share(self) -> NDArray[np.float64]:
        """Part of the studies that use each term, (K,)."""
        return self.used.mean(axis=0, dtype=np.float64)


def report_terms(texts: Sequence[str], most: int) -> ReportTerms:
    """The `most` commonest terms among those of 1 to 90 % of the texts.

    Raises:
        RefusedError: no term is as common as that.

    >>> found = report_terms(["Pas de fracture.", "Fracture du radius.", "Pas de luxation."] * 2, 3)
    >>> found.terms, found.used[:3].tolist()
    (('de', 'fracture', 'pas de'), [[1, 1, 1], [0, 1, 0], [1, 0, 1]])
    """
    from sklearn.feature_extraction.text import CountVectorizer

    counter = CountVectorizer(
        ngram_range=(1, 2), binary=True, min_df=_LEAST, max_df=_MOST, max_features=most, dtype=np.uint8
    )
    try:
        used = counter.fit_transform(texts).toarray()
    except ValueError:
        raise RefusedError(
            "reports that share words", "texts without a common word", "set term_weight to 0 in the recipe"
        ) from None
    return ReportTerms(terms=tuple(str(term) for term in counter.get_feature_names_out()), used=used)
