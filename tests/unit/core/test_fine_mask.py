"""The crop for fine masks: where it lies, what it shows, and what comes back from it."""

import numpy as np
import pytest
from skimage.draw import polygon2mask

from app.core.fine_mask import FINENESS, FineStage
from app.core.frame import Frame
from app.core.metrics import dice
from app.core.orientation import Orientation
from app.core.template import Structure, Template
from app.engine.fine_masks import redraw_from
from app.io.preprocess import to_fine_picture

BONE = np.array([(0, 0), (50, 10), (62, 4), (60, 30), (45, 24), (2, 9)], float)
"""Nothing about it is symmetric: a mirrored, turned or shifted crop shows something else. In mm."""
TEMPLATE = Template(
    "test", (Structure("right", "R", "#000000", BONE), Structure("left", "L", "#000000", BONE * [-1, 1]))
)
STAGE = FineStage(("right", "left"), ("left",), height=64, width=112)
SIZE = 128


def placed(name: str, scale: float = 0.8, degrees: float = 20.0, at: tuple[float, float] = (52.3, 47.9)) -> np.ndarray:
    """A structure's outline somewhere on the network's grid, turned and scaled."""
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    outline = TEMPLATE.structure(name).outline
    return scale * (outline - outline.mean(axis=0)) @ turn.T + at


def mask(points: np.ndarray, height: int, width: int | None = None) -> np.ndarray:
    return polygon2mask((height, width or height), points[:, ::-1])


def fine(points: np.ndarray) -> np.ndarray:
    """The finer picture of a white polygon given in network pixels, grey where it covers a part of a pixel."""
    return (covered(points, FINENESS * SIZE) * 255).astype(np.uint8)


def covered(points: np.ndarray, size: int) -> np.ndarray:
    """The share of each pixel that a polygon given in network pixels covers, of a grid of this size."""
    fold = 2048 // size
    return mask((points + 0.5) * (2048 / SIZE) - 0.5, 2048).reshape(size, fold, size, fold).mean(axis=(1, 3))


def bright(crops: np.ndarray) -> np.ndarray:
    """A network that draws what is brighter than the middle of darkest and brightest."""
    return (crops[0, 0] > (crops[0, 0].min() + crops[0, 0].max()) / 2).astype(np.float32)


def as_on_template() -> np.ndarray:
    """What every crop shows: the right bone as the template has it, the middle of its box in the crop's middle."""
    middle = np.array([STAGE.width - 1, STAGE.height - 1]) / 2
    return mask((BONE - (BONE.min(axis=0) + BONE.max(axis=0)) / 2) / STAGE.mm + middle, STAGE.height, STAGE.width)


@pytest.mark.parametrize("name", ["right", "left"])
def test_a_crop_shows_the_structure_as_the_template_has_it_and_the_left_one_mirrored(name: str) -> None:
    outline = placed(name)
    crop = STAGE.crop(TEMPLATE.structure(name), outline)
    assert dice(crop.picture(fine(outline)) > 127, as_on_template()) > 0.97
    guess, truth = crop.guess(outline) > 0, as_on_template()
    assert dice(guess, truth) > 0.95  # pixels that the line itself crosses are neither inside nor outside
    assert np.argwhere(guess).mean(axis=0) == pytest.approx(np.argwhere(truth).mean(axis=0), abs=0.3)
    wrong = np.linalg.norm(crop.to_network[:, :2].T @ crop.to_network[:, :2] - np.eye(2) * (0.8 * STAGE.mm) ** 2)
    assert wrong < 1e-9  # square pixels of the template's size, whatever turns and mirrors


def test_the_guess_is_told_in_mm_of_the_template() -> None:
    box = Structure("box", "B", "#000000", np.array([(0, 0), (42, 0), (42, 21), (0, 21)], float))
    guess = STAGE.crop(box, 3 * box.outline + 7).guess(3 * box.outline + 7)
    column = round((STAGE.width - 1) / 2 + (-21 + 3) / STAGE.mm)  # 3 mm inside the left edge
    assert guess[STAGE.height // 2, column] == pytest.approx(3 / 5.6, abs=0.1)
    assert guess[STAGE.height // 2, STAGE.width // 2] == 1
    assert guess[0, 0] == -1


@pytest.mark.parametrize("name", ["right", "left"])
@pytest.mark.parametrize("shifts", [((0, 0),), ((0, 0), (5, 2), (-5, -2))])
def test_a_mask_comes_back_to_its_place_between_pixels(name: str, shifts: tuple[tuple[int, int], ...]) -> None:
    outline, number = placed(name), TEMPLATE.index(name)
    stage = FineStage(STAGE.structures, STAGE.mirrored, STAGE.height, STAGE.width, shifts=shifts)
    wrong = outline + np.array([0.9, -0.7])  # the guess is off, and the network sees the picture
    drawn = redraw_from(fine(outline), stage, TEMPLATE, bright, (SIZE, SIZE))(number, wrong)
    assert drawn is not None
    truth = covered(outline, SIZE)
    assert dice(drawn > 0.5, truth > 0.5) > 0.98
    assert drawn.sum() == pytest.approx(truth.sum(), rel=0.01)
    rows, columns = np.mgrid[:SIZE, :SIZE]
    for place in (rows, columns):
        assert (drawn * place).sum() / drawn.sum() == pytest.approx((truth * place).sum() / truth.sum(), abs=0.05)


def test_structures_that_are_not_drawn_again_are_left_to_the_main_network() -> None:
    stage = FineStage(("left",), ("left",), STAGE.height, STAGE.width)
    redraw = redraw_from(fine(placed("left")), stage, TEMPLATE, lambda crops: crops[0, 1], (SIZE, SIZE))
    assert redraw(TEMPLATE.index("right"), placed("right")) is None


@pytest.mark.parametrize("at", [(0.0, 60.0), (127.0, 3.0), (-300.0, 50.0), (64.0, 900.0)])
def test_a_crop_may_leave_the_picture(at: tuple[float, float]) -> None:
    outline = placed("left", at=at)
    seen = []

    def draw(crops: np.ndarray) -> np.ndarray:
        seen.append(np.isfinite(crops).all())
        return (crops[0, 1] > 0).astype(np.float32)

    drawn = redraw_from(fine(outline), STAGE, TEMPLATE, draw, (SIZE, SIZE))(TEMPLATE.index("left"), outline)
    assert drawn is not None
    assert seen == [True]
    truth = mask(outline, SIZE)
    assert dice(drawn > 0.5, truth) > 0.93 if truth.any() else not drawn.any()


def test_flat_pixels_and_turned_images_come_out_as_the_network_sees_them() -> None:
    """Pixels twice as high as wide, the image turned, mirrored and inverted: the crop shows the same bone."""
    frame = Frame(180, 300, SIZE, SIZE, orientation=Orientation(1, True, True), aspect=2.0)
    outline = placed("left", at=(60.0, 70.0))
    native = 1000 - 700 * mask(frame.from_network(outline), 180, 300).astype(np.int16)  # dark, for it is inverted
    picture = to_fine_picture(native, frame)
    assert picture.shape == (FINENESS * SIZE, FINENESS * SIZE)
    crop = STAGE.crop(TEMPLATE.structure("left"), outline)
    assert dice(crop.picture(picture) > 127, as_on_template()) > 0.95
