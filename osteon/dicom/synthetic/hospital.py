"""The three hospitals: devices with their processing, population, report and marker style.

All names, sites and devices are invented; the processing of each device is made to look unlike the others.
"""

from __future__ import annotations

from dataclasses import dataclass

from osteon.dicom.synthetic.exposure import Exposure
from osteon.dicom.synthetic.processing import Look


@dataclass(frozen=True, kw_only=True)
class Device:
    """One X-ray system."""

    key: str
    modality: str
    manufacturer: str
    model: str
    serial: str
    station: str
    bits: int
    monochrome1: bool
    window: bool
    """Writes a VOI window narrower than the stored range."""
    syntaxes: tuple[tuple[str, float], ...]
    """(transfer syntax name, share); the rest is uncompressed."""
    long_side: tuple[int, int]
    exposure: Exposure
    look: Look
    spread: float
    """Spread of the exposure between pictures (log2)."""
    collimation: tuple[float, float]
    """Range of the border, share of the side."""


@dataclass(frozen=True, kw_only=True)
class Style:
    """How a hospital writes its reports and marks its pictures."""

    headings: tuple[str, str, str, str]
    layout: str
    abbreviates: bool
    markers: tuple[str, str]
    """Text for right and left."""
    lead: bool
    """Lead markers on the cassette; else letters drawn by the system."""
    annotations: tuple[str, ...]
    date_format: str


@dataclass(frozen=True, kw_only=True)
class Hospital:
    """One institution."""

    key: str
    split_hint: str
    name: str
    street: str
    postcode: str
    city: str
    phone: str
    mail_domain: str
    uid_arc: int
    devices: tuple[Device, ...]
    style: Style
    women: float
    children: float
    kl_shares: tuple[float, float, float, float, float]


_NORD = Hospital(
    key="nord",
    split_hint="in",
    name="Centre hospitalier Sainte-Hélène",
    street="14 rue du Faubourg-des-Tanneurs",
    postcode="59480",
    city="Vieux-Hainaut",
    phone="03 27 55 18 00",
    mail_domain="ch-sainte-helene.example",
    uid_arc=1,
    devices=(
        Device(
            key="nord-cr1",
            modality="CR",
            manufacturer="Agrafa",
            model="CR 45-M",
            serial="AG4501877",
            station="CRURG1",
            bits=12,
            monochrome1=True,
            window=False,
            syntaxes=(("rle", 0.10),),
            long_side=(1400, 1560),
            exposure=Exposure(photons=1000, scatter=0.55, blur_px=0.8),
            look=Look(low=0.24, high=0.90, gamma=1.15, compress=0.28, detail=0.55, edge=0.5, shutter=None),
            spread=0.35,
            collimation=(0.0, 0.06),
        ),
        Device(
            key="nord-dx1",
            modality="DX",
            manufacturer="Sirius Medical",
            model="Axion Flex",
            serial="SM220914",
            station="DXSALLE2",
            bits=14,
            monochrome1=False,
            window=True,
            syntaxes=(("jpegls", 0.12),),
            long_side=(1440, 1600),
            exposure=Exposure(photons=2600, scatter=0.45, blur_px=0.45),
            look=Look(low=0.20, high=0.94, gamma=1.05, compress=0.40, detail=0.70, edge=0.7, shutter=0.0),
            spread=0.25,
            collimation=(0.01, 0.07),
        ),
    ),
    style=Style(
        headings=("INDICATION", "TECHNIQUE", "RÉSULTAT", "CONCLUSION"),
        layout="letter",
        abbreviates=False,
        markers=("D", "G"),
        lead=True,
        annotations=("DEBOUT", "EN CHARGE"),
        date_format="%d/%m/%Y",
    ),
    women=0.5,
    children=0.5,
    kl_shares=(0.24, 0.2, 0.22, 0.2, 0.14),
)
_SUD = Hospital(
    key="sud",
    split_hint="in",
    name="Hôpital Joseph-Fabrègue",
    street="2 avenue des Oliviers",
    postcode="34390",
    city="Saint-Aubrac-le-Vieux",
    phone="04 67 41 90 90",
    mail_domain="hopital-fabregue.example",
    uid_arc=2,
    devices=(
        Device(
            key="sud-dx1",
            modality="DX",
            manufacturer="Phenix Healthcare",
            model="DigiDiag 7",
            serial="PH7-00231",
            station="RADIO1",
            bits=12,
            monochrome1=False,
            window=False,
            syntaxes=(("jpeg2000", 0.05),),
            long_side=(1420, 1580),
            exposure=Exposure(photons=1800, scatter=0.5, blur_px=0.5),
            look=Look(low=0.30, high=0.88, gamma=1.0, compress=0.45, detail=0.9, edge=0.35, shutter=0.0),
            spread=0.3,
            collimation=(0.0, 0.08),
        ),
        Device(
            key="sud-cr1",
            modality="CR",
            manufacturer="Fujino",
            model="FCR Prim",
            serial="FJ88-1204",
            station="CRPEDIA",
            bits=10,
            monochrome1=False,
            window=True,
            syntaxes=(),
            long_side=(1400, 1500),
            exposure=Exposure(photons=850, scatter=0.55, blur_px=0.9),
            look=Look(low=0.18, high=0.92, gamma=1.25, compress=0.2, detail=0.5, edge=0.9, shutter=0.0),
            spread=0.35,
            collimation=(0.0, 0.05),
        ),
    ),
    style=Style(
        headings=("Indication :", "Technique :", "Résultats :", "Conclusion :"),
        layout="plain",
        abbreviates=True,
        markers=("R", "L"),
        lead=False,
        annotations=("DEBOUT", "CHARGE"),
        date_format="%d.%m.%Y",
    ),
    women=0.55,
    children=0.55,
    kl_shares=(0.2, 0.2, 0.22, 0.22, 0.16),
)
_OUEST = Hospital(
    key="ouest",
    split_hint="held_out",
    name="Clinique mutualiste de la Presqu'île",
    street="31 quai Amiral-Kervoal",
    postcode="29950",
    city="Port-Kerloc'h",
    phone="02 98 60 33 12",
    mail_domain="clinique-presquile.example",
    uid_arc=3,
    devices=(
        Device(
            key="ouest-dx1",
            modality="DX",
            manufacturer="Carestar",
            model="DRX Revolve",
            serial="CS-DRX-5512",
            station="DRXOS",
            bits=12,
            monochrome1=True,
            window=True,
            syntaxes=(("jpeg2000", 0.04), ("rle", 0.06)),
            long_side=(1440, 1600),
            exposure=Exposure(photons=1500, scatter=0.5, blur_px=0.6),
            look=Look(low=0.22, high=0.96, gamma=1.1, compress=0.35, detail=0.6, edge=0.55, shutter=0.03),
            spread=0.3,
            collimation=(0.0, 0.07),
        ),
    ),
    style=Style(
        headings=("Motif de l'examen", "Protocole", "Description", "Au total"),
        layout="letter",
        abbreviates=False,
        markers=("DROIT", "GAUCHE"),
        lead=False,
        annotations=("EN CHARGE",),
        date_format="%-d %B %Y",
    ),
    women=0.58,
    children=0.45,
    kl_shares=(0.2, 0.18, 0.22, 0.22, 0.18),
)
HOSPITALS: tuple[Hospital, ...] = (_NORD, _SUD, _OUEST)
