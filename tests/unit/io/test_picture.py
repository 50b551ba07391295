"""PNG, JPEG and TIFF as their formats mean them: the right pixels are built by numpy and written by other libraries."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image as Pillow

from app.io.errors import ImageError
from app.io.image import decode_image
from app.io.jpeg import jpeg_frame
from tests.unit.pictures import jpeg_of_12_bits, lossless_jpeg, ramp, segment

GREY = ramp(49, 40)
DEEP = ramp(49, 40, 60000, np.uint16)
UPRIGHT = {  # how a picture is stored so that the tag makes it upright, by hand
    1: GREY,
    2: GREY[:, ::-1],
    3: GREY[::-1, ::-1],
    4: GREY[::-1],
    5: GREY.T,
    6: np.rot90(GREY, 1),
    7: GREY[::-1, ::-1].T,
    8: np.rot90(GREY, -1),
}


def tiff(pixels, **options) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, pixels, **options)
    return file.getvalue()


def pillow(image: Pillow.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png(samples: np.ndarray, colour: int) -> bytes:
    """A PNG of 16 bits, written out by hand."""

    def chunk(tag: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + tag + data + struct.pack(">I", zlib.crc32(tag + data))

    height, width = samples.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    head = struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("number", UPRIGHT)
def test_orientation_tags_turn_pictures_upright(number):
    exif = Pillow.Exif()
    exif[274] = number
    stored = np.ascontiguousarray(UPRIGHT[number])
    for data, name in (
        (pillow(Pillow.fromarray(stored), "PNG", exif=exif), "x.png"),
        (tiff(stored, extratags=[(274, "H", 1, number, True)]), "x.tif"),
        (pillow(Pillow.fromarray(stored), "TIFF", compression="tiff_lzw", tiffinfo={274: number}), "lzw.tif"),
    ):
        image = decode_image(data, name)
        np.testing.assert_array_equal(image.pixels, GREY)
        assert ("orientation tag" in image.remark) == (number != 1)


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_16_bit_colour_and_alpha_keep_their_grey_levels(channels):
    samples = np.dstack([DEEP] * (1 if channels == 2 else 3) + [np.full_like(DEEP, 65535)] * (channels != 3))
    image = decode_image(png(samples, {2: 4, 3: 2, 4: 6}[channels]), "x.png")
    np.testing.assert_array_equal(image.pixels, DEEP)
    with pytest.raises(ImageError):
        decode_image(png(samples, {2: 4, 3: 2, 4: 6}[channels])[:-400], "cut.png")


def test_deep_colours_are_weighed_in_the_right_order():
    red, green, blue = DEEP, DEEP[::-1], DEEP[:, ::-1]
    image = decode_image(png(np.dstack([red, green, blue]), 2), "x.png")
    np.testing.assert_allclose(image.pixels, 0.299 * red + 0.587 * green + 0.114 * blue, atol=1)


def test_transparent_parts_are_black():
    alpha = np.full_like(GREY, 255)
    alpha[:7] = 0
    light = 255 - GREY // 2
    image = decode_image(pillow(Pillow.fromarray(np.dstack([light, alpha]), "LA"), "PNG"), "x.png")
    assert set(image.pixels[:7].ravel().tolist()) == {light[7:].min()}
    np.testing.assert_array_equal(image.pixels[7:], light[7:])
    assert "Transparent" in image.remark


COLOUR = np.stack([GREY, 255 - GREY, ramp(49, 40)[::-1]], axis=-1)
LUMA = np.rint(COLOUR @ [0.299, 0.587, 0.114])


@pytest.mark.parametrize("clear", [0, 7])
@pytest.mark.parametrize("mode", ["LA", "RGBA", "P"])
def test_colours_count_by_their_weights_and_only_transparent_parts_are_told(mode, clear):
    alpha = np.full_like(GREY, 255)
    alpha[:clear] = 0
    wanted = LUMA
    if mode == "LA":
        wanted, picture = GREY, Pillow.fromarray(np.dstack([GREY, alpha]), mode)
    elif mode == "RGBA":
        picture = Pillow.fromarray(np.dstack([COLOUR, alpha]), mode)
    else:  # a palette of 200 colours, one of which is clear
        picture = Pillow.fromarray(np.where(alpha > 0, GREY // 2, 200).astype(np.uint8), mode)
        picture.putpalette(
            np.stack([255 - np.arange(256), np.arange(256), np.arange(256) // 3], 1).astype(np.uint8).tobytes()
        )
        index = GREY // 2
        wanted = np.rint(np.stack([255 - index, index, index // 3], -1) @ [0.299, 0.587, 0.114])
        picture.info["transparency"] = 200
    image = decode_image(pillow(picture, "PNG"), "x.png")
    np.testing.assert_allclose(image.pixels[clear:], wanted[clear:], atol=1)
    assert set(image.pixels[:clear].ravel().tolist()) <= {image.pixels[clear:].min()}
    assert ("Transparent" in image.remark) == (clear > 0)
    assert ("Colour" in image.remark) == (mode != "LA")


def test_cmyk_is_ink():
    ink = np.zeros((*GREY.shape, 4), np.uint8)
    ink[..., 3] = 255 - GREY
    picture = Pillow.fromarray(ink, "CMYK")
    assert np.abs(decode_image(pillow(picture, "JPEG", quality=98), "x.jpg").pixels.astype(int) - GREY).max() < 6
    data = tiff(ink, photometric="separated", planarconfig="contig")
    np.testing.assert_array_equal(decode_image(data, "x.tif").pixels, GREY)


@pytest.mark.parametrize(
    ("stored", "wanted"),
    [
        (255 - GREY, GREY),
        (65535 - DEEP, DEEP),
        ((-1 - (DEEP.astype(np.int32) - 30000)).astype(np.int16), DEEP.astype(np.int32) - 30000),
        (-1 - DEEP.astype(np.int32), DEEP),
        (1 - GREY.astype(np.float32) / 255, GREY / 255),
    ],
)
def test_white_is_zero_is_turned_within_what_the_samples_hold(stored, wanted):
    image = decode_image(tiff(stored, photometric="miniswhite"), "x.tif")
    np.testing.assert_allclose(image.pixels, wanted, atol=1e-6)
    if stored.dtype.itemsize <= 2:
        assert image.pixels.dtype == stored.dtype


def test_a_palette_is_looked_up_in_16_bits():
    ramp_of = np.arange(256, dtype=np.uint16)[::-1] * 257
    data = tiff(GREY, photometric="palette", colormap=np.stack([ramp_of] * 3))
    np.testing.assert_array_equal(decode_image(data, "x.tif").pixels, (255 - GREY.astype(int)) * 257)


def test_a_palette_is_looked_up_in_a_compression_that_only_pillow_reads():
    picture = Pillow.fromarray(GREY, "P")
    picture.putpalette(np.repeat(255 - np.arange(256), 3).astype(np.uint8).tobytes())
    np.testing.assert_array_equal(
        decode_image(pillow(picture, "TIFF", compression="tiff_lzw"), "x.tif").pixels, 255 - GREY
    )


@pytest.mark.parametrize("tagged", [True, False])
def test_thumbnails_are_passed_over(tagged):
    file = io.BytesIO()
    big = ramp(400, 320, 60000, np.uint16)
    with tifffile.TiffWriter(file) as writer:
        writer.write(big[::10, ::10], subfiletype=int(tagged), photometric="minisblack")
        writer.write(big, photometric="minisblack")
    np.testing.assert_array_equal(decode_image(file.getvalue(), "x.tif").pixels, big)


def test_planes_apart_and_together_are_the_same_colours():
    colour = np.dstack([GREY, GREY[::-1], GREY[:, ::-1]])
    wanted = np.rint(colour @ [0.299, 0.587, 0.114])
    apart = tiff(np.moveaxis(colour, -1, 0), photometric="rgb", planarconfig="separate")
    for data in (tiff(colour, photometric="rgb"), apart):
        np.testing.assert_allclose(decode_image(data, "x.tif").pixels, wanted, atol=1)


def test_unequal_resolutions_tell_the_shape_of_pixels():
    image = decode_image(tiff(GREY, resolution=(204, 98)), "fax.tif")
    assert image.aspect == pytest.approx(204 / 98)
    assert image.spacing is None
    assert "times as high as wide" in image.remark
    assert decode_image(tiff(GREY, resolution=(300, 300)), "x.tif").aspect == 1


def with_phys(data: bytes, across: int, down: int, unit: int) -> bytes:
    """A PNG with a chunk pHYs (pixels per unit across and down; unit 0 tells the ratio alone)."""
    body = b"pHYs" + struct.pack(">IIB", across, down, unit)
    return data[:33] + struct.pack(">I", 9) + body + struct.pack(">I", zlib.crc32(body)) + data[33:]


def jfif(data: bytes, unit: int, across: int, down: int) -> bytes:
    """A JPEG with another density in its JFIF segment."""
    at = data.index(b"JFIF\0") + 7
    return data[:at] + struct.pack(">BHH", unit, across, down) + data[at + 5 :]


@pytest.mark.parametrize("unit", [0, 1])
def test_the_shape_of_pixels_in_png_and_jpeg(unit):
    grey, deep = (pillow(Pillow.fromarray(pixels), "PNG") for pixels in (GREY, DEEP))
    jpeg = pillow(Pillow.fromarray(GREY), "JPEG", quality=95)
    for data in (with_phys(grey, 6000, 2500, unit), with_phys(deep, 6000, 2500, unit), jfif(jpeg, unit, 240, 100)):
        image = decode_image(data, "x")
        assert image.aspect == pytest.approx(2.4)  # 2.4 times as many pixels across as down in the same length
        assert "2.4 times as high as wide" in image.remark
        assert image.spacing is None


@pytest.mark.parametrize(
    ("across", "down", "wanted"), [(100, 450, 1 / 4.5), (450, 100, 4.5), (100, 600, 1), (300, 0, 1)]
)
def test_shapes_that_no_film_has_are_not_believed(across, down, wanted):
    data = with_phys(pillow(Pillow.fromarray(GREY), "PNG"), across, down, 1)
    assert decode_image(data, "x.png").aspect == pytest.approx(wanted, rel=1e-3)


@pytest.mark.parametrize("number", UPRIGHT)
def test_pixels_of_a_turned_picture_lie_the_other_way_round(number):
    stored = np.ascontiguousarray(UPRIGHT[number])
    exif = Pillow.Exif()
    exif[274] = number
    wanted = 1 / 2.4 if number > 4 else 2.4  # 5 to 8 exchange rows and columns (TIFF 6.0, Orientation)
    for data in (
        with_phys(pillow(Pillow.fromarray(stored), "PNG", exif=exif), 240, 100, 1),
        tiff(stored, resolution=(240, 100), extratags=[(274, "H", 1, number, True)]),
    ):
        image = decode_image(data, "x")
        np.testing.assert_array_equal(image.pixels, GREY)
        assert image.aspect == pytest.approx(wanted)


def without_photometric(data: bytes) -> bytes:
    """A TIFF whose tag 262 has become a private one."""
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        at = file.pages[0].tags[262].offset
    return data[:at] + struct.pack("<H", 65000) + data[at + 2 :]


def test_without_a_word_on_black_and_white_black_is_zero():
    image = decode_image(without_photometric(tiff(DEEP)), "x.tif")
    np.testing.assert_array_equal(image.pixels, DEEP)
    assert "does not say whether black or white is zero" in image.remark
    colour = np.dstack([GREY, GREY[::-1], GREY[:, ::-1]])
    image = decode_image(without_photometric(tiff(colour, photometric="rgb")), "x.tif")
    np.testing.assert_allclose(image.pixels, colour @ [0.299, 0.587, 0.114], atol=0.51)


def test_a_first_page_of_other_proportions_is_no_thumbnail():
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        writer.write(GREY[:, :20], photometric="minisblack")
        writer.write(ramp(400, 320), photometric="minisblack")
    image = decode_image(file.getvalue(), "x.tif")
    np.testing.assert_array_equal(image.pixels, GREY[:, :20])
    assert "First of 2 pages" in image.remark


def test_a_page_that_its_old_tag_calls_reduced_is_passed_over():
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:  # tag 255: 2 is a reduced copy, 1 a picture of full size
        writer.write(GREY[:, :20], photometric="minisblack", extratags=[(255, "H", 1, 2, True)])
        writer.write(GREY, photometric="minisblack", extratags=[(255, "H", 1, 1, True)])
    np.testing.assert_array_equal(decode_image(file.getvalue(), "x.tif").pixels, GREY)


def test_a_jpeg_of_12_bits_has_the_values_that_were_coded():
    blocks = ramp(6, 5, 4095, np.uint16)
    data = jpeg_of_12_bits(blocks)
    image = decode_image(data, "x.jpg")
    np.testing.assert_array_equal(image.pixels, np.kron(blocks, np.ones((8, 8), int)))
    assert image.pixels.dtype == np.uint16
    sixteen = bytearray(data)
    sixteen[data.index(b"\xff\xc1") + 4] = 16  # which this process has not
    with pytest.raises(ImageError, match="16 bits"):
        decode_image(bytes(sixteen), "x.jpg")


def test_a_jpeg_s_header_is_what_stands_before_its_pixels_and_its_end():
    head, rest = lossless_jpeg(GREY, 8)[:2], lossless_jpeg(GREY, 8)[2:]
    assert jpeg_frame(head + rest) == (3, 8, 49, 40, 1)
    assert jpeg_frame(head + b"\xff\xff\xd0" + rest) == (3, 8, 49, 40, 1)  # filled up, and a marker without content
    assert jpeg_frame(head + b"\xff\xd9\0\4ab" + rest) is None
    assert jpeg_frame(head + segment(0xDA, b"\x01\x01\0\x01\0\0") + rest) is None


@pytest.mark.parametrize("bits", [2, 7, 8, 9])
def test_a_lossless_jpeg_has_the_values_that_were_coded(bits):
    pixels = ramp(49, 40, (1 << bits) - 1, np.uint16)
    image = decode_image(lossless_jpeg(pixels, bits), "x.jpg")
    np.testing.assert_array_equal(image.pixels, pixels)
    assert image.pixels.dtype == (np.uint8 if bits <= 8 else np.uint16)


def test_a_lossless_jpeg_in_colour_is_refused():
    grey = lossless_jpeg(GREY, 8)
    frame = segment(0xC3, struct.pack(">BHHB", 8, 49, 40, 1), b"\x01\x11\0")
    colour = segment(0xC3, struct.pack(">BHHB", 8, 49, 40, 3), b"\x01\x11\0\x02\x11\0\x03\x11\0")
    assert frame in grey
    with pytest.raises(ImageError, match="JPEG of a kind that this program does not read"):
        decode_image(grey.replace(frame, colour), "x.jpg")


def deep_jpegs(pixels: np.ndarray, *segments: bytes) -> tuple[bytes, ...]:
    """Pixels of 12 bits, as blocks of 8 x 8 and without loss of 12 and 16 bits, with further segments in front."""
    files = jpeg_of_12_bits(pixels), lossless_jpeg(pixels, 12), lossless_jpeg(pixels * 16, 16)
    return tuple(data[:2] + b"".join(segments) + data[2:] for data in files)


@pytest.mark.parametrize("number", UPRIGHT)
def test_deep_and_lossless_jpegs_are_turned_upright_too(number):
    exif = Pillow.Exif()
    exif[274] = number
    stored = np.ascontiguousarray(UPRIGHT[number]).astype(np.uint16) * 16
    density = segment(0xE0, b"JFIF\0", struct.pack(">HBHHBB", 0x0102, 1, 240, 100, 0, 0))
    blocks, twelve, sixteen = map(decode_image, deep_jpegs(stored, density, segment(0xE1, exif.tobytes())), "123")
    wanted = GREY.astype(int) * 16
    np.testing.assert_array_equal(blocks.pixels, np.kron(wanted, np.ones((8, 8), int)))
    np.testing.assert_array_equal(twelve.pixels, wanted)
    np.testing.assert_array_equal(sixteen.pixels, wanted * 16)
    for image in (blocks, twelve, sixteen):
        assert ("orientation tag" in image.remark) == (number != 1)
        assert image.aspect == pytest.approx(1 / 2.4 if number > 4 else 2.4)


@pytest.mark.parametrize(
    "body", [b"Exif\0\0", b"Exif\0\0II*\0", b"Exif\0\0nothing of use", b"http://ns.adobe.com/xap/1.0/\0"]
)
def test_an_exif_segment_that_says_nothing_leaves_a_deep_jpeg_as_it_is(body):
    for data in deep_jpegs(GREY.astype(np.uint16), segment(0xE1, body))[1:2]:
        image = decode_image(data, "x.jpg")
        np.testing.assert_array_equal(image.pixels, GREY)
        assert image.remark == ""


def test_a_strip_that_unpacks_to_more_than_its_page_is_refused():
    data = tiff(np.zeros((64, 64), np.uint8), compression="zlib")
    bomb = zlib.compress(bytes(1 << 22))
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages[0]
        offset, count = page.tags[273].valueoffset, page.tags[279].valueoffset
    changed = bytearray(data)
    end = len(changed)
    struct.pack_into("<I", changed, offset, end)
    struct.pack_into("<I", changed, count, len(bomb))
    with pytest.raises(ImageError, match=r"unpack to more|damaged"):
        decode_image(bytes(changed) + bomb, "bomb.tif")
