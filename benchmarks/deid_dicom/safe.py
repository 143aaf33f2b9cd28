"""Attributes of the CR and DX images that table E.1-1 does not list, with legal values: expected as they are.

Source: DICOM PS3.3 (2026), C.7.1 to C.8.1 (CR), C.8.11 (DX), C.8.7 (X-ray), C.11 and C.12.
"""

from __future__ import annotations

from __future__ import annotations

from pydicom.datadict import dictionary_VR

#: keyword -> legal values; a number stands for itself, several values are joined by a backslash.
VALUES: dict[str, tuple[str, ...]] = {
    "ImageType": ("ORIGINAL\\PRIMARY", "DERIVED\\PRIMARY", "ORIGINAL\\PRIMARY\\\\"),
    "Modality": ("CR", "DX"),
    "PresentationIntentType": ("FOR PRESENTATION", "FOR PROCESSING"),
    "Manufacturer": ("Acme Imaging", "SIEMENS", "FUJIFILM Corporation", "Philips"),
    "ManufacturerModelName": ("CR 45", "DR-X", "Ysio Max"),
    "BodyPartExamined": ("HAND", "KNEE", "WRIST", "ANKLE", "FOOT", "PELVIS", "SHOULDER", "ELBOW"),
    "ViewPosition": ("AP", "PA", "LL", "RL"),
    "Laterality": ("L", "R"),
    "ImageLaterality": ("L", "R", "U", "B"),
    "PatientOrientation": ("L\\F", "P\\F", "R\\H"),
    "PatientPosition": ("HFS", "FFP"),
    "KVP": ("55", "63.5"),
    "Exposure": ("4", "12"),
    "ExposureInuAs": ("4000",),
    "ExposureTime": ("20", "100"),
    "ExposureTimeInuS": ("20000",),
    "XRayTubeCurrent": ("200", "320"),
    "XRayTubeCurrentInuA": ("200000",),
    "DistanceSourceToDetector": ("1150", "1000.0"),
    "DistanceSourceToPatient": ("1000",),
    "EstimatedRadiographicMagnificationFactor": ("1.05",),
    "ExposureIndex": ("412.3",),
    "TargetExposureIndex": ("400",),
    "DeviationIndex": ("0.2",),
    "RelativeXRayExposure": ("321",),
    "Sensitivity": ("200",),
    "FocalSpots": ("0.6", "1.2"),
    "AnodeTargetMaterial": ("TUNGSTEN",),
    "BodyPartThickness": ("120",),
    "CompressionForce": ("10",),
    "EntranceDose": ("3",),
    "EntranceDoseInmGy": ("0.31",),
    "ExposedArea": ("180\\240",),
    "HalfValueLayer": ("3.2",),
    "OrganDose": ("0.01",),
    "RectificationType": ("CONST POTENTIAL",),
    "TypeOfFilters": ("STRIP",),
    "FilterMaterial": ("COPPER", "ALUMINUM\\COPPER"),
    "FilterType": ("FLAT", "NONE"),
    "FilterThicknessMinimum": ("0.1",),
    "FilterThicknessMaximum": ("0.1",),
    "FilterBeamPathLengthMinimum": ("0.1",),
    "FilterBeamPathLengthMaximum": ("0.1",),
    "Grid": ("FOCUSED", "FIXED\\PARALLEL", "NONE"),
    "GridAbsorbingMaterial": ("LEAD",),
    "GridSpacingMaterial": ("ALUMINUM",),
    "GridThickness": ("2",),
    "GridPitch": ("0.25",),
    "GridAspectRatio": ("10\\1",),
    "GridPeriod": ("0.5",),
    "GridFocalDistance": ("1150",),
    "PositionerType": ("COLUMN", "NONE", "CARM"),
    "PositionerPrimaryAngle": ("10",),
    "PositionerSecondaryAngle": ("-5",),
    "DetectorPrimaryAngle": ("0",),
    "DetectorSecondaryAngle": ("0",),
    "ColumnAngulation": ("15",),
    "TableType": ("FIXED", "TILTING", "NONE"),
    "TableAngle": ("0",),
    "DetectorType": ("SCINTILLATOR", "DIRECT", "STORAGE"),
    "DetectorConfiguration": ("AREA", "SLOT"),
    "DetectorMode": ("RAD",),
    "DetectorActiveShape": ("RECTANGLE",),
    "DetectorActiveDimensions": ("420\\420",),
    "DetectorActiveOrigin": ("0\\0",),
    "DetectorBinning": ("1\\1",),
    "DetectorElementPhysicalSize": ("0.14\\0.14",),
    "DetectorElementSpacing": ("0.14\\0.14",),
    "DetectorConditionsNominalFlag": ("YES", "NO"),
    "DetectorTemperature": ("31.5",),
    "DetectorTimeSinceLastExposure": ("120",),
    "DetectorActiveTime": ("500",),
    "DetectorActivationOffsetFromExposure": ("-10",),
    "ExposuresOnDetectorSinceLastCalibration": ("1410",),
    "ExposuresOnDetectorSinceManufactured": ("20411",),
    "FieldOfViewShape": ("RECTANGLE", "ROUND"),
    "FieldOfViewDimensions": ("240\\300",),
    "FieldOfViewOrigin": ("0\\0",),
    "FieldOfViewRotation": ("0", "90"),
    "FieldOfViewHorizontalFlip": ("NO", "YES"),
    "CollimatorShape": ("RECTANGULAR", "CIRCULAR"),
    "CollimatorLeftVerticalEdge": ("4",),
    "CollimatorRightVerticalEdge": ("76",),
    "CollimatorUpperHorizontalEdge": ("4",),
    "CollimatorLowerHorizontalEdge": ("90",),
    "CenterOfCircularCollimator": ("40\\40",),
    "RadiusOfCircularCollimator": ("38",),
    "ShutterShape": ("RECTANGULAR",),
    "ShutterLeftVerticalEdge": ("2",),
    "ShutterRightVerticalEdge": ("78",),
    "ShutterUpperHorizontalEdge": ("2",),
    "ShutterLowerHorizontalEdge": ("94",),
    "ShutterPresentationValue": ("0",),
    "ExposureControlMode": ("AUTOMATIC", "MANUAL"),
    "ExposureStatus": ("NORMAL",),
    "PhototimerSetting": ("1",),
    "AveragePulseWidth": ("4.5",),
    "ImageAndFluoroscopyAreaDoseProduct": ("0.42",),
    "ImagerPixelSpacing": ("0.15\\0.15",),
    "PixelSpacing": ("0.15\\0.15", "0.143\\0.143"),
    "NominalScannedPixelSpacing": ("0.15\\0.15",),
    "PixelAspectRatio": ("1\\1",),
    "WindowCenter": ("2048", "2048\\1024"),
    "WindowWidth": ("4096", "4096\\2048"),
    "RescaleIntercept": ("0",),
    "RescaleSlope": ("1",),
    "RescaleType": ("US",),
    "VOILUTFunction": ("LINEAR", "SIGMOID"),
    "PresentationLUTShape": ("IDENTITY", "INVERSE"),
    "PixelIntensityRelationship": ("LOG", "LIN"),
    "PixelIntensityRelationshipSign": ("1", "-1"),
    "PixelPaddingValue": ("0",),
    "SmallestImagePixelValue": ("0",),
    "LargestImagePixelValue": ("4095",),
    "LossyImageCompression": ("00",),
    "QualityControlImage": ("NO",),
    "BurnedInAnnotation": ("NO",),
    "RecognizableVisualFeatures": ("NO",),
    "SeriesNumber": ("1", "12"),
    "InstanceNumber": ("1", "304"),
    "AcquisitionNumber": ("1",),
    "ImagesInAcquisition": ("2",),
    "CalibrationImage": ("NO",),
    "PixelSpacingCalibrationType": ("GEOMETRY", "FIDUCIAL"),
    "AcquisitionDeviceProcessingCode": ("10",),
}

#: Values of the table's own attributes that the retained patient characteristics keep as they are.
CHARACTERISTICS: dict[str, tuple[str, ...]] = {
    "PatientSex": ("M", "F", "O"),
    "PatientAge": ("034Y", "007M", "089Y"),
    "PatientSize": ("1.72",),
    "PatientWeight": ("71.5",),
    "PregnancyStatus": ("1", "4"),
}

#: Codes of the standard (PS3.16) that stay: keyword -> (value, scheme, meaning).
CODES: dict[str, tuple[tuple[str, str, str], ...]] = {
    "AnatomicRegionSequence": (("72696002", "SCT", "Knee"), ("85562004", "SCT", "Hand")),
    "ViewCodeSequence": (("399348003", "SCT", "antero-posterior"),),
    "PatientOrientationCodeSequence": (("10904000", "SCT", "erect"),),
}


def typed(keyword: str, value: str) -> object:
    """The value as pydicom wants it under the attribute's VR: numbers for binary VRs, lists for several."""
    parts: list[object] = list(value.split("\\"))
    vr = dictionary_VR(keyword)
    if vr in {"US", "SS", "UL", "SL", "US or SS"}:
        parts = [int(str(p)) for p in parts]
    elif vr in {"FD", "FL"}:
        parts = [float(str(p)) for p in parts]
    return parts if len(parts) > 1 else parts[0]
