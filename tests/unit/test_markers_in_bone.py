"""Markers that bone or a misread letter made look like something else, and edges that look like lines."""

import cv2
import numpy as np
import pytest

from benchmarks.deid_pixels.__main__ import scene_of
from benchmarks.deid_pixels.score import is_kept, is_removed
from osteon.deid.pixels import clean_pixels
from osteon.deid.pixels.box import Box, black_out, groups_of
from osteon.deid.pixels.grey import grey_of
from osteon.deid.pixels.lettering import LETTERS, chance_of, probability_of
from osteon.deid.pixels.looking import look_at
from osteon.deid.pixels.markers import is_near
from osteon.deid.pixels.neighbours import holds
from osteon.deid.pixels.regions import Found, Region
from osteon.deid.pixels.verdict import is_legible, kind_of
from tests.written_pictures import picture, write

GREY = np.full((600, 800), 60, np.uint8)
NOTHING = [("", 0.9)] * 4


def line(box, height, cells=60, *, coarse=False):
    """A line of writing around these pixels, of so many surely written cells."""
    long = max(box.right - box.left, box.bottom - box.top)
    upright = box.right - box.left >= box.bottom - box.top
    return Region(box, box, 0.99, height, long, upright, True, cells, cells, coarse=coarse)


def read_as(monkeypatch, readings, chance=0.0):
    monkeypatch.setattr("osteon.deid.pixels.verdict.readings_of", lambda *_, **__: readings)
    monkeypatch.setattr("osteon.deid.pixels.verdict.chance_of", lambda *_, **__: chance)


@pytest.mark.parametrize(("chance", "kind"), [(0.6, "marker"), (0.2, "text")])
def test_a_marker_word_with_a_letter_misread_stays_where_its_letters_are_likely(monkeypatch, chance, kind):
    read_as(monkeypatch, [("LEET", 0.8), ("LEET", 0.7)], chance)
    assert kind_of(line(Box(60, 40, 94, 154), 34), GREY, frozenset())[0] == kind


def test_a_misread_marker_word_that_is_the_patients_name_goes(monkeypatch):
    read_as(monkeypatch, [("DRQIT", 0.8), ("DRQIT", 0.7)], 3.0)
    assert kind_of(line(Box(60, 40, 94, 154), 34), GREY, frozenset({"DROIT"}))[0] == "text"


def test_a_word_like_a_marker_word_is_hardly_likely_to_be_it():
    def chance(written):
        grey = grey_of(write(picture(300, 400), written, (80, 150), scale=1.0))
        (wide, high), _ = cv2.getTextSize(written, cv2.FONT_HERSHEY_SIMPLEX, 1.0, 2)
        return chance_of("GAUCHE", grey, (slice(150 - high, 150), slice(80, 80 + wide)), high, upright=True)

    assert chance("GAUCHE") > 2
    assert chance("GAUCHER") < 0.45
    assert chance("VAUCHE") < 0.45


def test_a_letter_twice_needs_a_column_between_and_other_letters_none():
    columns = np.zeros((1 + len(LETTERS), 2), np.float32)
    columns[1 + LETTERS.index("L")] = 1
    assert probability_of("L", columns) == 1
    assert probability_of("LL", columns) == 0
    columns[:, 1] = 0
    columns[1 + LETTERS.index("I"), 1] = 0.5
    assert probability_of("LI", columns) == 0.5


@pytest.mark.parametrize(
    ("text", "near"), [("GAUCH", True), ("GAUCHE", True), ("AGAUCHE", True), ("GAUHC", False), ("", False)]
)
def test_a_word_is_near_with_one_letter_more_less_or_other(text, near):
    assert is_near(text, "GAUCHE") == near


def test_a_far_higher_line_holds_a_marker_and_one_of_its_height_does_not():
    marker = Box(104, 0, 152, 248)
    assert holds(line(Box(80, 0, 256, 432), 139), marker)
    assert not holds(line(Box(100, 0, 156, 432), 48), marker)


def test_bone_with_a_marker_in_it_waits_until_the_marker_is_hidden_and_then_stays(monkeypatch):
    marker, bone = line(Box(200, 100, 234, 300), 34), line(Box(150, 60, 330, 420), 120)
    read_as(monkeypatch, [("GAUCHE", 0.9), ("GAUCHE", 0.9)])
    seen = []

    def regions(grey, _):
        seen.append(grey)
        lines = [] if (grey[marker.box.window] == 60).all() else [marker, bone]
        return Found(lines, [], [], [], [], [])

    monkeypatch.setattr("osteon.deid.pixels.looking.regions_of", regions)
    monkeypatch.setattr(
        "osteon.deid.pixels.looking.kind_of",
        lambda one, *_: ("marker" if one is marker else "line", one.box),
    )
    grey = GREY.copy()
    grey[marker.box.window] = 255
    first = look_at(grey, frozenset())
    assert (first.removed, first.markers, first.waiting) == ((), (marker.box,), True)
    second = look_at(grey, frozenset(), first.markers)
    assert (second.removed, second.markers, second.waiting) == ((), (marker.box,), False)
    assert (grey[marker.box.window] == 255).all()


@pytest.mark.parametrize(
    ("box", "kind"), [(Box(588, 100, 600, 400), "ground"), (Box(500, 100, 512, 400), "line")]
)
def test_an_edge_of_the_picture_in_which_no_two_letters_read_stays(monkeypatch, box, kind):
    read_as(monkeypatch, [("", 0.7), ("N", 0.6), ("", 0.4), ("", 0.4)])
    assert kind_of(line(box, 9, 13), GREY, frozenset())[0] == kind


def test_a_name_along_an_edge_goes(monkeypatch):
    read_as(monkeypatch, [("DUPONTMARIE1957", 0.3), ("DUPONT", 0.2)])
    assert kind_of(line(Box(588, 100, 600, 280), 12), GREY, frozenset())[0] != "ground"


@pytest.mark.parametrize(("cells", "kind"), [(44, "line"), (14, "ground")])
def test_what_is_too_small_to_read_goes_where_nearly_all_its_cells_are_writing(monkeypatch, cells, kind):
    read_as(monkeypatch, NOTHING)
    assert kind_of(line(Box(50, 200, 59, 270), 9, cells), GREY, frozenset())[0] == kind


def test_small_writing_that_reads_otherwise_at_each_size_is_legible_and_bone_is_not(monkeypatch):
    small, large = line(Box(60, 40, 76, 121), 16, 0), line(Box(60, 40, 130, 380), 70, 0)
    unlike = [("DTBEOFT", 0.01), ("DRDUPONF", 0.01), ("NOAN9Q", 0.01), ("URDUPGN", 0.01)]
    read_as(monkeypatch, unlike)
    assert is_legible(small, GREY, frozenset())
    assert not is_legible(large, GREY, frozenset())
    read_as(monkeypatch, [("DTB", 0.01), ("", 0.3), ("T", 0.2), ("NOA", 0.01)])
    assert not is_legible(small, GREY, frozenset())


def test_the_faint_part_behind_ground_stays_and_behind_a_name_goes(monkeypatch):
    first, faint = line(Box(0, 560, 368, 580), 18), line(Box(400, 560, 440, 580), 18, 0)
    monkeypatch.setattr(
        "osteon.deid.pixels.looking.regions_of", lambda *_: Found([first, faint], [], [], [], [], [])
    )
    read_as(monkeypatch, NOTHING)
    for kind, gone in (("ground", 0), ("line", 2)):
        monkeypatch.setattr(
            "osteon.deid.pixels.looking.kind_of",
            lambda one, *_, kind=kind: (kind if one is first else "line", one.box),
        )
        assert len(look_at(GREY, frozenset()).removed) == gone


def test_boxes_that_touch_get_one_value_and_others_their_own():
    frame = np.tile(np.arange(200, dtype=np.uint16) * 10, (120, 1))
    touching, apart = (Box(10, 20, 40, 60), Box(30, 50, 70, 120)), Box(80, 150, 100, 180)
    cleaned = black_out(frame, (*touching, apart))
    values = [{int(v) for v in np.unique(cleaned[box.window])} for box in (*touching, apart)]
    assert len(values[0]) == 1
    assert values[0] == values[1] != values[2]
    assert sorted(len(group) for group in groups_of((*touching, apart))) == [1, 2]
    outside = np.ones(frame.shape, bool)
    for box in (*touching, apart):
        outside[box.window] = False
    assert np.array_equal(cleaned[outside], frame[outside])


@pytest.mark.parametrize("seed", [14000004, 14000154, 8000009])
def test_an_edge_of_a_picture_without_text_stays_as_it_was(seed):
    frame = scene_of(seed, None).frame
    assert clean_pixels(frame, most=1.0).frame is frame


@pytest.mark.parametrize("seed", [12000123, 12000190, 12000250, 14000243, 7001168])
def test_a_marker_word_in_bone_or_with_a_letter_misread_stays_in_the_scene_that_showed_it(seed):
    scene = scene_of(seed, None)
    made = clean_pixels(scene.frame, most=1.0)
    words = [placed for placed in scene.placements if placed.kind == "word"]
    assert words
    assert all(is_kept(placed, scene.frame, made.frame) for placed in words)


@pytest.mark.parametrize("seed", [7001131, 7001166, 8000063, 14000151, 8002006, 12000051, 15000046])
def test_small_lines_their_ends_and_ink_where_two_boxes_meet_go_in_the_scene_that_showed_them(seed):
    scene = scene_of(seed, None)
    made = clean_pixels(scene.frame, most=1.0)
    lines = [placed for placed in scene.placements if placed.kind == "identity"]
    assert all(is_removed(placed, scene.frame, made.frame) for placed in lines)


@pytest.mark.parametrize("seed", [16000188, 16000196, 16000261])
def test_a_line_beside_a_marker_word_goes_in_the_scene_that_showed_it(seed):
    scene = scene_of(seed, None)
    made = clean_pixels(scene.frame, most=1.0)
    for placed in scene.placements:
        judge = is_removed if placed.kind == "identity" else is_kept
        assert judge(placed, scene.frame, made.frame), placed.text


@pytest.mark.parametrize("seed", [16000642, 16000883, 16001015, 16001041])
def test_a_marker_word_with_a_blank_beside_its_own_hidden_box_or_read_at_another_size_stays(seed):
    scene = scene_of(seed, None)
    made = clean_pixels(scene.frame, most=1.0)
    words = [placed for placed in scene.placements if placed.kind == "word"]
    assert all(is_kept(placed, scene.frame, made.frame) for placed in words)


@pytest.mark.parametrize("seed", [2700087, 2700299])
def test_the_end_of_a_bone_at_the_edge_of_a_clean_picture_stays(seed):
    frame = scene_of(seed, None).frame
    assert clean_pixels(frame, most=1.0).frame is frame


@pytest.mark.parametrize("seed", [17000149, 17001079])
def test_a_strip_of_bone_that_a_second_opinion_alone_shows_evenly_stays(seed):
    frame = scene_of(seed, None).frame
    assert clean_pixels(frame, most=1.0).frame is frame
