"""What a line is taken for, by what reads in it."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from benchmarks.deid_pixels.ink import turned
from osteon.deid.pixels.box import Box
from osteon.deid.pixels.looking import look_at
from osteon.deid.pixels.regions import Region
from osteon.deid.pixels.verdict import kind_of

BOX = Box(60, 40, 90, 220)
LINE = Region(BOX, BOX, 0.99, 30, 150, True, True, 60, 60)
GREY = np.full((150, 300), 60, np.uint8)


@pytest.mark.parametrize(
    ("readings", "kind"),
    [
        ([("EBOUT", 0.7), ("EBOUT", 0.6), ("DEBOUT", 0.55), ("CEBOUT", 0.2)], "marker"),
        ([("EBOUT", 0.7), ("EBOUT", 0.6), ("DEBOUT", 0.4), ("EBOUT", 0.2)], "text"),
        ([("LEBOUT", 0.7), ("LEBOUT", 0.6), ("DEBOUT", 0.55), ("LEBOUT", 0.2)], "text"),
    ],
)
def test_a_marker_word_of_which_an_end_is_missed_at_some_sizes_stays_but_no_other_word(
    monkeypatch, readings, kind
):
    monkeypatch.setattr("osteon.deid.pixels.verdict.readings_of", lambda *_, **__: readings)
    assert kind_of(LINE, GREY, frozenset())[0] == kind


@pytest.mark.parametrize("degrees", [25, -40, 60])
def test_a_slanting_name_is_seen_and_goes(degrees):
    ink = np.zeros((60, 520), np.float32)
    cv2.putText(ink, "VERCAUTEREN ODILE", (10, 42), cv2.FONT_HERSHEY_SIMPLEX, 1.2, 1, 2, cv2.LINE_AA)
    ink = turned(ink, degrees)
    grey = np.random.default_rng(3).integers(70, 80, (900, 900), np.uint8)
    part = grey[100 : 100 + ink.shape[0], 150 : 150 + ink.shape[1]]
    part[ink > 0.5] = 240
    gone = np.zeros(grey.shape, bool)
    for box in look_at(grey, frozenset()).removed:
        gone[box.window] = True
    assert gone[grey == 240].all()


@pytest.mark.parametrize(("alone", "box"), [("GAUCHE", "core"), ("CHARGE", "whole")])
def test_a_marker_is_what_is_surely_seen_of_it_where_that_reads_alike(monkeypatch, alone, box):
    core, whole = Box(60, 40, 90, 180), Box(60, 40, 90, 260)
    monkeypatch.setattr(
        "osteon.deid.pixels.verdict.readings_of",
        lambda _, window, *__, **___: [(alone if window == core.window else "GAUCHE", 0.9)] * 2,
    )
    found = kind_of(Region(whole, core, 0.99, 30, 150, True, True, 60, 60), GREY, frozenset())
    assert found == ("marker", core if box == "core" else whole)


def test_a_blank_between_marker_words_counts_as_a_letter_of_their_length(monkeypatch):
    monkeypatch.setattr("osteon.deid.pixels.verdict.readings_of", lambda *_, **__: [("ENCHARGE", 0.8)] * 2)
    monkeypatch.setattr("osteon.deid.pixels.verdict.chance_of", lambda *_, **__: 0.0)
    box = Box(60, 40, 86, 290)
    assert kind_of(Region(box, box, 0.99, 26, 250, True, True, 109, 115), GREY, frozenset())[0] == "marker"
    longer = replace(box, right=312)
    line = Region(longer, longer, 0.99, 26, 272, True, True, 109, 115)
    assert kind_of(line, GREY, frozenset())[0] == "text"
