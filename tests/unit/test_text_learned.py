"""The tagger: what it adds to the rules, what it may never take, and that it reads the same everywhere."""

import numpy as np
import pytest

from osteon.deid.text.engine import find_spans, find_spans_of
from osteon.deid.text.lexicon import lexicon
from osteon.deid.text.recognisers.learned import Tagger, encoded, find_learned, rows_of, tagger
from osteon.deid.text.span import Span

LETTER = (
    "Vu ce jour avec Barre, chute à Orbe. Signe de Tinel négatif, RX : fracture du scaphoïde.\nDr Drouhet"
)


def test_a_redaction_is_one_row_that_hides_its_words():
    rows = rows_of("Mme Anne Drouhet, 34 ans", [Span(4, 8, "PRENOM"), Span(9, 16, "NOM")])
    assert [(row.text, row.kind) for row in rows] == [("Mme", 0), ("", 2), (",", 0), ("34", 0), ("ans", 0)]


def test_a_tag_reads_as_what_it_replaced():
    plain = encoded("Dr Drouhet, Dole le 3", [Span(3, 10, "NOM"), Span(12, 16, "VILLE")], frozenset())
    tagged = encoded("Dr <NOM>, <VILLE> le 3", [], frozenset())
    assert np.array_equal(plain.ids, tagged.ids)
    assert np.array_equal(plain.flags, tagged.flags)


def test_the_shares_of_a_row_sum_to_one_and_do_not_change():
    read = encoded(LETTER, [], tagger().vocabulary)
    first, second = tagger().probabilities(read), tagger().probabilities(read)
    assert first.shape == (len(read.rows), 6)
    assert np.allclose(first.sum(axis=1), 1, atol=1e-5)
    assert np.array_equal(first, second)


def test_the_sums_in_numpy_are_those_of_the_network_that_was_fitted():
    torch = pytest.importorskip("torch")
    from benchmarks.deid_tagger.fit import Network, stored

    torch.manual_seed(3)
    network = Network().eval()
    with torch.no_grad():
        for weights in network.parameters():
            weights.copy_(weights.half().float())
    arrays = stored(network, frozenset([1, 2]))
    ours = Tagger({k: v if k == "vocabulary" else v.astype(np.float32) for k, v in arrays.items()})
    read = encoded(LETTER, [Span(74, 84, "NOM")], frozenset([1, 2]))
    with torch.no_grad():
        raw = network(torch.from_numpy(read.ids)[None], torch.from_numpy(read.flags)[None])[0]
    assert np.allclose(ours.probabilities(read), torch.softmax(raw, -1).numpy(), atol=1e-4)


@pytest.mark.parametrize(
    "term", ["Tinel", "Colles", "Paget", "CRP", "IRM", "Indication", "Docteur", "Toshiba Aquilion"]
)
def test_eponyms_acronyms_headings_titles_and_devices_stay(term):
    text = f"Vu avec {term}, contrôle à Dole. Relu par {term}.\n{term}\nDr {term} (interne)"
    found = find_learned(text, [], lexicon())
    assert not [span for span in found if text[span.start : span.end] in term.split()]


def test_it_adds_to_the_rules_and_takes_nothing_away():
    text = "\n".join(
        f"{hour}h : {name} ok pour la sortie, kiné vue, appel de {name}."
        for hour, name in enumerate(("Ogier", "Barre"))
    )
    (alone,) = find_spans_of([text], [None], learned=False)
    covered = {c for span in find_spans(text) for c in range(span.start, span.end)}
    assert {c for span in alone for c in range(span.start, span.end)} <= covered
