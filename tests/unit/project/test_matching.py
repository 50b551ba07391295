"""Names and UIDs of files against those of a project: nothing is dropped without a word."""

import numpy as np
import pytest

from app.core.annotation import AnnotatedMask, AnnotatedPoint, ImageAnnotations, ImageReference, PackedMask
from app.core.frame import Axes, Frame
from app.core.landmark import PlacementState
from app.project.matching import KnownImage, Trouble, match

FRAME = Frame(20, 30)
STRUCTURES = {"right_lung": "Right lung", "heart": "Heart"}


def point(name="hilum", x=3.0, y=5.0, **more):
    return AnnotatedPoint(name, np.array([x, y]), **more)


def matched(references, images, points=None):
    read = [ImageAnnotations(reference, points or [point()], file="f.json") for reference in references]
    return match(read, images, ["hilum", "apex"], STRUCTURES)


def names(matching):
    return [image.name for image in matching.images]


def troubles(matching):
    return [(one.trouble, one.what) for one in matching.unmatched]


@pytest.mark.parametrize(
    ("reference", "image"),
    [
        ("im0.png", "im0.png"),
        ("im0", "im0.png"),
        ("IM0.JPG", "im0.png"),
        ("labels/im0.nii.gz", "im0.png"),
        ("C:\\data\\im0.png", "im0.png"),
        ("im0.png", "ward/im0.dcm"),
        ("ward/im0", "clinic/ward/im0.dcm"),
        ("case7.nii.gz", "case7_0000.png"),
    ],
)
def test_names_compare_by_stem_and_by_the_end_of_the_path(reference, image):
    assert names(matched([ImageReference(reference)], [KnownImage("other.png"), KnownImage(image)])) == [image]


def test_the_suffix_tells_files_of_one_stem_apart_and_else_both_are_named():
    images = [KnownImage("a.png"), KnownImage("a.dcm")]
    assert names(matched([ImageReference("x/a.dcm")], images)) == ["a.dcm"]
    found = matched([ImageReference("a.nii")], images)
    assert not found.images
    assert found.unmatched[0].trouble is Trouble.SEVERAL_IMAGES
    assert found.unmatched[0].images == ("a.png", "a.dcm")
    assert "a.png, a.dcm" in found.unmatched[0].sentence


def test_the_size_tells_images_of_one_name_apart():
    images = [KnownImage("p/a.png", frame=FRAME), KnownImage("q/a.png", frame=Frame(31, 30))]
    assert names(matched([ImageReference("a", size=(31, 30))], images)) == ["q/a.png"]


def test_a_uid_goes_before_names_and_another_uid_is_another_image():
    images = [KnownImage("a.dcm", "1.2.3"), KnownImage("b.dcm", "1.2.4")]
    assert names(matched([ImageReference("a.dcm", "1.2.4")], images)) == ["b.dcm"]
    found = matched([ImageReference("a.dcm", "1.2.5")], images)
    assert troubles(found) == [(Trouble.OTHER_FILE, "a.dcm")]
    assert troubles(matched([ImageReference("", "9.9")], images)) == [(Trouble.NO_IMAGE, "the image with the UID 9.9")]


def test_an_image_of_another_folder_is_not_taken_for_one_of_the_same_name():
    found = matched([ImageReference("a/im"), ImageReference("b/im")], [KnownImage("b/im.png")])
    assert names(found) == ["b/im.png"]
    assert troubles(found) == [(Trouble.OTHER_FOLDER, "a/im")]
    both = matched([ImageReference("a/im"), ImageReference("b/im")], [KnownImage("im.png")])
    assert not both.images
    assert troubles(both) == [(Trouble.SEVERAL_NAMES, "a/im"), (Trouble.SEVERAL_NAMES, "b/im")]


@pytest.mark.parametrize(
    ("reference", "image"),
    [
        ("/exports/patient1/front.png", "patient2/front.png"),
        ("siteA/001", "siteB/001.png"),
        ("x/patient1/labels/front", "patient2/images/front.png"),
        ("day1/patient1/front", "day2/patient1/front.dcm"),
    ],
)
def test_another_patient_with_a_file_of_the_same_name_is_told_and_not_taken(reference, image):
    found = matched([ImageReference(reference)], [KnownImage(image)])
    assert not found.images
    assert troubles(found) == [(Trouble.OTHER_FOLDER, reference)]
    assert found.unmatched[0].images == (image,)
    assert "may be of another patient" in found.unmatched[0].sentence


@pytest.mark.parametrize(
    ("reference", "image"),
    [
        ("/exports/patient1/front", "patient1/front.png"),
        ("/exports/patient1/labels/front", "patient1/front.png"),
        ("/exports/labels/train/front", "images/train/front.png"),
        ("/exports/labelsTr/front.nii.gz", "imagesTr/front_0000.nii.gz"),
        ("/exports/patient1/front", "front.png"),
        ("/exports/images/front", "images/front.png"),
    ],
)
def test_folders_above_and_those_of_formats_tell_nobody_apart(reference, image):
    others = [KnownImage("patient2/front.png"), KnownImage("masks/patient3/front.png")]
    assert names(matched([ImageReference(reference)], [*others, KnownImage(image)])) == [image]


def test_a_stem_and_a_path_that_ends_in_it_are_one_image():
    read = [
        ImageAnnotations(ImageReference("ward/im"), [point()], file="a"),
        ImageAnnotations(ImageReference("im.json"[:2]), [point("apex")], file="b"),
    ]
    found = match(read, [KnownImage("ward/im.png")], ["hilum", "apex"], STRUCTURES)
    assert {*found.images[0].points} == {"hilum", "apex"}
    assert found.images[0].files == ("a", "b")


def test_landmarks_and_structures_that_the_project_lacks_are_told_with_their_images():
    read = [
        ImageAnnotations(ImageReference(name), [point(" Hilum"), point("carina")], [mask("right lung"), mask("spleen")])
        for name in ("im0", "im1")
    ]
    images = [KnownImage("im0.png", frame=FRAME), KnownImage("im1.png", frame=FRAME)]
    found = match(read, images, ["hilum"], STRUCTURES)
    assert [sorted(image.points) for image in found.images] == [["hilum"], ["hilum"]]
    assert [sorted(image.masks) for image in found.images] == [["right_lung"], ["right_lung"]]
    assert (found.points, found.masks) == (2, 2)
    assert [(one.trouble, one.what, one.images) for one in found.unmatched] == [
        (Trouble.NO_LANDMARK, "carina", ("im0.png", "im1.png")),
        (Trouble.NO_STRUCTURE, "spleen", ("im0.png", "im1.png")),
    ]


def mask(structure, size=(20, 30), also=()):
    bits = np.zeros(size, bool)
    bits[2:5, 3:9] = True
    return AnnotatedMask(structure, PackedMask.of(bits), also=also)


def test_a_mask_of_another_size_is_told_and_one_of_an_image_that_was_never_read():
    read = [ImageAnnotations(ImageReference("im0"), (), [mask("heart", (30, 20)), mask("x", also=["Right lung"])])]
    found = match(read, [KnownImage("im0.png", frame=FRAME)], [], STRUCTURES)
    assert [*found.images[0].masks] == ["right_lung"]
    assert found.unmatched[0].sentence == ("Mask of “heart” in im0.png: it has 20 x 30 pixels, the image 30 x 20.")
    unread = match(read, [KnownImage("im0.png")], [], STRUCTURES)
    assert not unread.images
    assert {one.trouble for one in unread.unmatched} == {Trouble.NOT_READ}


def test_places_are_native_pixels_whatever_frame_the_file_counts_in():
    points = [point("hilum", 3.5, 5.5, axes=Axes.CORNER), AnnotatedPoint("apex", np.array([0.25, 0.5]), Axes.SHARES)]
    found = matched([ImageReference("im0")], [KnownImage("im0.png", frame=FRAME)], points)
    assert found.images[0].points["hilum"].xy == pytest.approx([3.0, 5.0])
    assert found.images[0].points["apex"].xy == pytest.approx([7.0, 9.5])
    unread = matched([ImageReference("im0")], [KnownImage("im0.png")], points)
    assert [*unread.images[0].points] == ["hilum"]
    assert troubles(unread) == [(Trouble.NOT_READ, "apex")]


def test_absent_points_what_is_told_twice_and_what_is_no_number():
    points = [AnnotatedPoint("hilum", None), point("hilum"), point("apex", np.nan)]
    found = matched([ImageReference("im0")], [KnownImage("im0.png", frame=FRAME)], points)
    assert found.images[0].points["hilum"].xy is None
    assert found.images[0].points["hilum"].state is PlacementState.ABSENT
    assert troubles(found) == [(Trouble.TWICE, "hilum"), (Trouble.NO_NUMBER, "apex")]
