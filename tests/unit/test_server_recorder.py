"""What an event says about a device: enough to group by, and nothing that a header's free text holds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.model_server.recorder import device_label

KEY = b"k" * 32


@given(st.text(max_size=60))
def test_a_device_label_is_a_maker_and_a_digest(device: str) -> None:
    label = device_label(device, KEY)
    maker, _, digest = label.partition("-")
    assert maker in {"unknown", "other"} or maker.isalpha()
    assert digest == "" or (len(digest) == 6 and int(digest, 16) >= 0)


def test_equal_devices_get_equal_labels_and_others_do_not() -> None:
    assert device_label("AGFA  CR 30-X", KEY) == device_label("Agfa CR 30-x", KEY)
    assert device_label("AGFA CR 30-X", KEY) != device_label("AGFA CR 85-X", KEY)
    assert device_label("MARTIN DUPONT", KEY).startswith("other-")
    assert device_label("AGFA CR 30-X", KEY) != device_label("AGFA CR 30-X", b"x" * 32)
