"""Stored values to what a model sees: tables, windows, inversion, padding, depth, colour."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_voi_lut
from pydicom.sequence import Sequence

from osteon.dicom import Limits, display, picture_of, read_dataset, read_picture, stored_pixels, write_png
from osteon.dicom.display import apply_modality, apply_window
from osteon.domain.errors import RefusedError, UsageError
from tests.dicom_files import JPEG_BASELINE, LOSSLESS, LOSSY, data_set, dicom_bytes, encode, limb, to_bytes


@pytest.mark.parametrize("syntax", LOSSLESS.values(), ids=LOSSLESS.keys())
@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_a_lossless_syntax_gives_the_stored_values_back(syntax: str, bits: int) -> None:
    pixels = limb(bits=bits).astype(np.uint8 if bits == 8 else np.uint16)
    found = stored_pixels(read_dataset(dicom_bytes(pixels, syntax=syntax, bits=bits)))
    np.testing.assert_array_equal(found, pixels)


@pytest.mark.parametrize("syntax", LOSSY.values(), ids=LOSSY.keys())
def test_a_lossy_syntax_stays_close_and_never_wraps_around(syntax: str) -> None:
    pixels = limb(bits=12)
    found = stored_pixels(read_dataset(dicom_bytes(pixels, syntax=syntax)))
    assert np.abs(found.astype(int) - pixels).max() <= 8
    assert found.max() <= 4095


def test_a_lossy_stream_that_overshoots_the_stored_range_is_clipped() -> None:
    pixels = np.where(limb(bits=10) > 512, 1023, 0).astype(np.uint16)
    dataset = data_set(pixels, bits=10)
    frame = encode(np.minimum(pixels * 2, 1100).astype(np.uint16), LOSSY["JPEG extended"], 12)
    from pydicom.encaps import encapsulate

    dataset.PixelData = encapsulate([frame])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    found = stored_pixels(read_dataset(to_bytes(dataset, LOSSY["JPEG extended"])))
    assert found.max() == 1023
    assert found[pixels == 1023].min() > 900


def test_a_monochrome1_image_comes_out_bone_bright() -> None:
    plain = read_picture(dicom_bytes())
    inverted = read_picture(
        dicom_bytes(4095 - limb(), PhotometricInterpretation="MONOCHROME1", PresentationLUTShape="INVERSE")
    )
    np.testing.assert_allclose(plain.pixels, inverted.pixels, atol=1e-3)


def test_an_inverse_presentation_shape_alone_inverts() -> None:
    window = {"WindowCenter": "2048", "WindowWidth": "4096"}
    plain = read_picture(dicom_bytes(**window)).pixels
    inverse = read_picture(dicom_bytes(**window, PresentationLUTShape="INVERSE")).pixels
    np.testing.assert_allclose(plain, 1 - inverse, atol=1e-6)


def test_an_image_for_processing_is_turned_so_that_less_exposure_is_bright() -> None:
    exposure = (4095 * np.exp(-3.0 * limb().astype(np.float64) / 4095)).astype(np.uint16)
    found = read_picture(
        dicom_bytes(
            exposure,
            PresentationIntentType="FOR PROCESSING",
            PixelIntensityRelationship="LIN",
            PixelIntensityRelationshipSign=1,
        )
    )
    shown = found.pixels.ravel()
    assert np.corrcoef(shown, limb().ravel())[0, 1] > 0.99


@given(
    centre=st.floats(-3000, 5000),
    width=st.floats(1, 6000),
    function=st.sampled_from(["LINEAR", "LINEAR_EXACT", "SIGMOID"]),
)
def test_a_window_agrees_with_pydicom(centre: float, width: float, function: str) -> None:
    values = np.arange(0, 4096, 17, dtype=np.float64)
    reference = Dataset()
    reference.WindowCenter, reference.WindowWidth = f"{centre:.6g}", f"{width:.6g}"
    reference.VOILUTFunction, reference.PhotometricInterpretation = function, "MONOCHROME2"
    reference.BitsStored, reference.PixelRepresentation = 12, 0
    theirs = apply_voi_lut(values, reference) / 4095
    ours = apply_window(values, float(f"{centre:.6g}"), float(f"{width:.6g}"), function)
    np.testing.assert_allclose(ours, np.clip(theirs, 0, 1), atol=1e-9)


def test_the_linear_window_meets_the_example_of_the_standard() -> None:
    # PS3.3 C.11.2.1.2.1: centre 2048, width 4096 maps 0 to the lowest and 4095 to the highest output.
    ends = apply_window(np.array([0.0, 4095.0]), 2048, 4096)
    np.testing.assert_allclose(ends, [0.0, 1.0])


def table(descriptor: list[int], data: list[int]) -> Dataset:
    item = Dataset()
    item.add_new("LUTDescriptor", "US", descriptor)
    item.add_new("LUTData", "US", data)
    return item


def test_a_voi_lut_goes_before_a_window_and_holds_its_ends() -> None:
    dataset = data_set(np.array([[0, 10], [11, 200]], np.uint16), WindowCenter="5", WindowWidth="2")
    dataset.VOILUTSequence = Sequence([table([3, 10, 12], [0, 1024, 4095])])
    found = picture_of(dataset)
    assert found.voi == "lut"
    np.testing.assert_allclose(found.pixels, [[0, 0], [1024 / 4095, 1]], atol=1e-6)


def test_a_table_written_with_fewer_bits_than_declared_still_fills_the_range() -> None:
    dataset = data_set(np.array([[0, 1], [2, 2]], np.uint16))
    dataset.VOILUTSequence = Sequence([table([3, 0, 16], [0, 500, 1023])])
    assert picture_of(dataset).pixels.max() == 1.0


def test_a_modality_lut_and_a_rescale_come_before_the_window() -> None:
    rescaled = data_set(RescaleSlope="2", RescaleIntercept="-100", WindowCenter="0", WindowWidth="100")
    np.testing.assert_allclose(apply_modality(np.array([0.0, 60.0]), rescaled), [-100, 20])
    tabled = data_set()
    tabled.ModalityLUTSequence = Sequence([table([2, 5, 16], [7, 9])])
    np.testing.assert_allclose(apply_modality(np.array([0.0, 5.0, 6.0, 9.0]), tabled), [7, 7, 9, 9])


@pytest.mark.parametrize(("centre", "width"), [("1", "0"), ("-9000", "10"), ("nan", "5"), ("", "")])
def test_a_window_that_shows_nothing_gives_way_to_percentiles(centre: str, width: str) -> None:
    found = read_picture(dicom_bytes(WindowCenter=centre, WindowWidth=width))
    assert found.voi == "percentile"
    assert found.pixels.min() == 0.0
    assert found.pixels.max() == 1.0


def test_a_few_hot_pixels_do_not_darken_a_picture_without_a_window() -> None:
    pixels = limb(200, 200, bits=10)
    pixels[0, :3] = 65535
    found = read_picture(dicom_bytes(pixels, bits=16))
    assert np.median(found.pixels) > 0.15


def test_padding_is_black_and_does_not_stretch_the_range() -> None:
    pixels = limb(bits=10)
    pixels[:5] = 4000
    found = read_picture(dicom_bytes(pixels, PixelPaddingValue=4000))
    assert (found.pixels[:5] == 0).all()
    assert found.pixels.max() == 1.0


def test_signed_values_and_odd_high_bits_are_read() -> None:
    signed = (limb().astype(np.int32) - 2048).astype(np.int16)
    np.testing.assert_array_equal(stored_pixels(read_dataset(dicom_bytes(signed))), signed)
    shifted = data_set((limb(bits=12) << 4) | 0x000F, bits=12, HighBit=15)
    np.testing.assert_array_equal(stored_pixels(shifted), limb(bits=12))


def test_overlay_bits_above_the_stored_ones_are_masked() -> None:
    dataset = data_set(limb(bits=12) | 0xF000, bits=12)
    np.testing.assert_array_equal(stored_pixels(dataset), limb(bits=12))


def test_twelve_bit_packed_pixels_are_read() -> None:
    pixels = limb(4, 6)
    bits = np.unpackbits(pixels.astype("<u2").view(np.uint8).reshape(-1, 2), axis=1, bitorder="little")[
        :, :12
    ]
    dataset = data_set(pixels, BitsAllocated=12, PixelData=np.packbits(bits, bitorder="little").tobytes())
    np.testing.assert_array_equal(stored_pixels(dataset), pixels)


def test_several_frames_are_told_and_the_first_is_shown() -> None:
    frames = np.stack([limb(), np.zeros_like(limb())])
    dataset = data_set(frames, NumberOfFrames=2)
    assert stored_pixels(dataset).shape == (2, 48, 40)
    found = picture_of(dataset)
    assert found.is_multi_frame
    assert found.pixels.max() == 1.0


@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL"])
def test_colour_becomes_luminance(photometric: str) -> None:
    colours = np.zeros((4, 6, 3), np.uint8)
    colours[..., 1] = 200
    found = picture_of(data_set(colours, bits=8, PhotometricInterpretation=photometric))
    expected = 0.587 * 200 / 255 if photometric == "RGB" else 0.0
    np.testing.assert_allclose(found.pixels, expected, atol=1e-5)


def test_planes_of_colour_are_read() -> None:
    colours = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    planar = data_set(colours, bits=8, PlanarConfiguration=1, PixelData=np.moveaxis(colours, -1, 0).tobytes())
    np.testing.assert_array_equal(stored_pixels(planar), colours)


def test_a_palette_is_applied() -> None:
    dataset = data_set(
        np.array([[0, 1], [1, 0]], np.uint8), bits=8, PhotometricInterpretation="PALETTE COLOR"
    )
    for colour in ("Red", "Green", "Blue"):
        dataset.add_new(f"{colour}PaletteColorLookupTableDescriptor", "US", [2, 0, 16])
        dataset.add_new(f"{colour}PaletteColorLookupTableData", "OW", np.array([0, 65535], "<u2").tobytes())
    np.testing.assert_allclose(picture_of(dataset).pixels, [[0, 1], [1, 0]], atol=1e-4)


def test_jpeg_baseline_is_read() -> None:
    pixels = limb(bits=8).astype(np.uint8)
    found = stored_pixels(read_dataset(dicom_bytes(pixels, syntax=JPEG_BASELINE, bits=8)))
    assert np.abs(found.astype(int) - pixels).max() <= 6


def test_a_constant_picture_is_read_as_black() -> None:
    assert read_picture(dicom_bytes(np.full((8, 8), 77, np.uint16))).pixels.max() == 0.0


def test_a_frame_whose_header_disagrees_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(RefusedError, match="a frame of 4096"):
        read_picture(dicom_bytes(syntax=LOSSLESS["JPEG-LS lossless"], Rows=4096))


@pytest.mark.parametrize("syntax", ["JPEG lossless SV1", "JPEG-LS lossless", "JPEG 2000 lossless"])
def test_a_cut_frame_is_refused_instead_of_filled_with_gray(syntax: str) -> None:
    from pydicom.encaps import encapsulate

    dataset = read_dataset(dicom_bytes(syntax=LOSSLESS[syntax]))
    whole = encode(limb(), LOSSLESS[syntax], 12)
    dataset.PixelData = encapsulate([whole[: len(whole) * 2 // 3]])
    with pytest.raises(RefusedError):
        picture_of(dataset)


def test_too_many_pixels_are_refused_from_the_header() -> None:
    with pytest.raises(RefusedError, match="at most 64000000 pixels"):
        read_picture(dicom_bytes(Rows=65535, Columns=65535))
    with pytest.raises(RefusedError, match="at most 100 pixels"):
        read_picture(dicom_bytes(), limits=Limits(max_pixels=100))


def test_a_deflate_bomb_is_refused() -> None:
    bomb = dicom_bytes(np.zeros((1200, 1000), np.uint16), syntax=LOSSLESS["deflated"])
    assert len(bomb) < 20_000
    with pytest.raises(RefusedError, match="once inflated"):
        read_picture(bomb, limits=Limits(max_inflated_bytes=1_000_000))


def test_a_large_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "large.dcm"
    with path.open("wb") as stream:
        stream.truncate(10 * 2**30)
    with pytest.raises(RefusedError, match="at most"):
        read_picture(path)


@pytest.mark.parametrize("keyword", ["Rows", "Columns", "BitsAllocated", "PixelData"])
def test_a_missing_attribute_is_named(keyword: str) -> None:
    dataset = data_set()
    delattr(dataset, keyword)
    with pytest.raises(RefusedError, match=keyword):
        picture_of(dataset)


def test_deep_nesting_is_refused() -> None:
    item = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    with pytest.raises(RefusedError):
        read_picture(bytes(128) + b"DICM" + b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 100" + item * 20_000)


def test_a_missing_file_is_bad_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        read_picture(tmp_path / "none.dcm")


def test_a_picture_without_identifiers_in_its_repr() -> None:
    text = repr(read_picture(dicom_bytes()))
    assert "PLANTED" not in text
    assert "1.2.826" not in text


def test_a_png_of_sixteen_bits_keeps_the_picture(tmp_path: Path) -> None:
    picture = read_picture(dicom_bytes(WindowCenter="2048", WindowWidth="4096"))
    write_png(picture, tmp_path / "p.png", bits=16)
    again = read_picture(tmp_path / "p.png")
    np.testing.assert_allclose(again.pixels, picture.pixels, atol=1 / 65535)
    assert again.stored_bits == 16


@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", "u4", "i4"])
def test_values_of_any_width_and_sign_give_one_picture(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).normal(60, 25, (70, 50)).clip(0, 120).astype(np.int64)
    plain, voi = display.display_gray(values.astype("u2"), Dataset())
    assert voi == "percentile"
    shift = -50 if dtype.startswith("i") else 0
    shown, _ = display.display_gray((values + shift).astype(dtype), Dataset())
    assert np.array_equal(shown, plain)
    monkeypatch.setattr(display, "_EXACT_COUNT", 1000)  # counted in parts
    assert np.array_equal(display.display_gray((values + shift).astype(dtype), Dataset())[0], plain)
    monkeypatch.setattr(display, "_INDICES", 10)  # too wide a range for a table
    assert np.array_equal(display.display_gray((values + shift).astype(dtype), Dataset())[0], plain)
