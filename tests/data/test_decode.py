"""One picture's file: every mode keeps its range, transparency is laid over the background."""

import io
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import small_pictures as small
from PIL import Image
from small_pictures import picture, plain, png, saved

from tinygan.data import decode
from tinygan.errors import UserError

WHITE, BLUE = (255, 255, 255), (0, 0, 255)
RAMP = np.arange(256, dtype=np.uint8).reshape(16, 16)


def pixels(data, size=64, background=WHITE):
    return decode.middle_square(data, size, background)


def own(data, shape, background=WHITE):
    return decode.whole(data, shape, background)


def flat(image, background=WHITE):
    return np.asarray(decode._flat(image, background))


# Scaling


def test_the_middle_square_is_kept():
    wide = np.zeros((64, 200, 3), np.uint8)
    wide[:, 68:132] = np.arange(64)[:, None] * 4  # the middle 64 columns
    tall = wide.transpose(1, 0, 2)
    np.testing.assert_array_equal(pixels(picture(wide)), wide[:, 68:132])
    np.testing.assert_array_equal(pixels(picture(tall)), tall[68:132])


def test_of_celeba_the_middle_178_are_kept():
    array = np.full((218, 178, 3), 255, np.uint8)
    array[20:198] = 7
    assert (pixels(picture(array)) == 7).all()


@pytest.mark.parametrize("side", [256, 1024, 1080, 2500])
def test_scaling_down_averages_and_does_not_pick(side):
    """The mean of a chessboard of single pixels is grey; each fourth of its pixels is black."""
    board = (np.indices((side, side)).sum(axis=0) % 2 * 255).astype(np.uint8)
    found = pixels(picture(board))
    assert found[8:-8, 8:-8].min() >= 120
    assert found[8:-8, 8:-8].max() <= 135


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("size", [(500, 333), (2047, 2100), (2100, 2051), (2500, 4100)])
def test_in_strips_and_steps_or_at_once_a_picture_looks_the_same(rng, kind, size, monkeypatch):
    """Beside Pillow's own Lanczos over the whole square, from which large pictures may differ."""
    coarse = Image.fromarray(rng.integers(0, 256, (9, 9, 3), np.uint8))
    data = saved(coarse.resize(size, Image.Resampling.BICUBIC), kind, **(
        {"compress_level": 1} if kind == "PNG" else {"quality": 95}
    ))  # fmt: skip
    with Image.open(io.BytesIO(data)) as image:
        w, h = image.size
        side = min(size)
        left, top = (w - side) // 2, (h - side) // 2
        square = image.convert("RGB").crop((left, top, left + side, top + side))
        wanted = np.asarray(square.resize((64, 64), Image.Resampling.LANCZOS)).astype(int)
    monkeypatch.setattr(decode, "_STRIP", 100_000)
    difference = np.abs(pixels(data) - wanted).max()
    assert difference <= (0 if side < 2048 else 2)


@pytest.mark.parametrize("turn", range(1, 9))
def test_a_photograph_taken_sideways_stands_upright(turn):
    upright = np.zeros((64, 64, 3), np.uint8)
    upright[:20, :40] = 200  # no two turns of it are equal
    undo = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a),
        7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
        8: lambda a: np.rot90(a, -1),
    }
    exif = Image.Exif()
    exif[0x0112] = turn
    data = picture(np.ascontiguousarray(undo[turn](upright)), exif=exif)
    np.testing.assert_array_equal(pixels(data), upright)
    np.testing.assert_array_equal(own(data, (64, 64, 3)), upright)


# The modes


def grey_16(mode, values):
    """An image of a 16-bit mode, or of 32 bits, whose pixels are `values` (H, W)."""
    image = Image.new(mode, values.shape[::-1])
    for (y, x), value in np.ndenumerate(values):
        image.putpixel((x, y), int(value))
    return image


def in_mode(mode):
    """A ramp from black to white in one of Pillow's modes, 16×16, wholly opaque."""
    grey = Image.fromarray(RAMP)
    if mode.startswith("I"):
        return grey_16(mode, RAMP.astype(np.int64) * 257)
    if mode == "La":
        return grey.convert("LA").convert("La")
    if mode == "PA":
        return grey.convert("P").convert("PA")
    if mode in ("RGBa", "CMYK", "YCbCr", "HSV", "LAB"):
        return grey.convert("RGBA" if mode == "RGBa" else "RGB").convert(mode)
    return grey.convert(mode)


LEVELS = {"1": 255, "LAB": 2, "YCbCr": 1}  # how far from the grey that was meant a pixel may be


@pytest.mark.parametrize("mode", [m for m in Image.MODES if m != "F"])
def test_every_mode_keeps_its_range_from_black_to_white(mode):
    image = in_mode(mode)
    assert image.mode == mode
    found = flat(image)
    assert found.shape == (16, 16, 3)
    assert np.abs(found - RAMP[..., None].astype(int)).max() <= LEVELS.get(mode, 0)
    assert (found.min(), found.max()) == (0, 255)


@pytest.mark.parametrize("mode", ["F", "BGR;15", "X"])
def test_a_mode_of_unknown_range_is_refused_by_name(mode):
    image = Image.new("F", (2, 2))
    image._mode = mode
    with pytest.raises(ValueError, match=f"mode {mode}"):
        flat(image)


@pytest.mark.parametrize("value", [-1, 65536, 2**31 - 1])
def test_more_than_16_bits_are_refused_by_name(value):
    with pytest.raises(ValueError, match="mode I beyond 16 bits"):
        flat(grey_16("I", np.array([[0, value]])))


def test_grey_of_16_bits_is_scaled_and_not_cut_off():
    values = np.array([[0, 127, 128, 129, 385, 386], [4095, 32767, 32768, 65406, 65407, 65535]])
    file = picture(values.astype(np.uint16))
    expected = np.rint(values / 257)
    assert own(file, (2, 6, 1))[..., 0].tolist() == expected.tolist()
    assert own(file, (2, 6, 3))[..., 1].tolist() == expected.tolist()


def test_twelve_bits_in_a_file_of_16_stay_as_dark_as_the_file_says():
    assert own(picture(np.full((2, 2), 4095, np.uint16)), (2, 2, 1)).max() == 16


def test_pixels_of_grey_and_colour_files_keep_their_values():
    rgb = np.stack([RAMP, RAMP.T, RAMP[::-1]], axis=-1)
    for kind, settings in (("PNG", {}), ("BMP", {}), ("WEBP", {"lossless": True})):
        np.testing.assert_array_equal(own(picture(rgb, kind, **settings), (16, 16, 3)), rgb)
        grey = own(picture(RAMP, kind, **settings), (16, 16, 1))
        np.testing.assert_array_equal(grey[..., 0], RAMP)
    jpeg = own(picture(np.full((16, 16), 90, np.uint8), "JPEG"), (16, 16, 3))
    assert np.abs(jpeg.astype(int) - 90).max() <= 1
    cmyk = own(saved(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG"), (16, 16, 3))
    np.testing.assert_allclose(cmyk[0, 0], (255, 0, 0), atol=4)


# Transparency


def with_alpha(mode):
    """2×1 pixels: opaque red or grey, and wholly transparent green or grey."""
    image = Image.new("RGBA", (2, 1), (200, 0, 0, 255))
    image.putpixel((1, 0), (0, 200, 0, 0))
    if mode in ("RGBA", "RGBa"):
        return image.convert(mode)
    grey = image.convert("LA")
    grey.putpixel((0, 0), (200, 255))
    if mode == "PA":
        return Image.merge("PA", (grey.getchannel("L").convert("P"), grey.getchannel("A")))
    return grey if mode == "LA" else grey.convert("La")


@pytest.mark.parametrize("mode", ["RGBA", "RGBa", "LA", "La", "PA"])
def test_what_is_transparent_shows_the_background(mode):
    image = with_alpha(mode)
    assert image.mode == mode
    opaque = [200, 0, 0] if mode.startswith("RGB") else [200, 200, 200]
    assert flat(image, BLUE).tolist() == [[opaque, [0, 0, 255]]]
    assert flat(image, WHITE).tolist() == [[opaque, [255, 255, 255]]]


PALETTE = bytes([200, 0, 0, 0, 200, 0, 9, 9, 9])
RED, SEEN = [200, 0, 0], [0, 0, 255]  # the background is blue
TRANSPARENT = {
    "bytes for a palette": (png((2, 1), 8, small.PALETTE, [b"\0\1"], palette=PALETTE,
        transparent=b"\xff\0\x80"), RED),
    "one entry of a palette": (png((2, 1), 8, small.PALETTE, [b"\0\1"], palette=PALETTE,
        transparent=b"\xff\0"), RED),
    "a palette of 2 bits": (png((2, 1), 2, small.PALETTE, [b"\x10"], palette=PALETTE,
        transparent=b"\xff\0"), RED),
    "grey of 1 bit": (png((2, 1), 1, small.GREY, [b"\x40"], transparent=b"\0\1"), [0] * 3),
    "grey of 2 bits": (png((2, 1), 2, small.GREY, [b"\xb0"], transparent=b"\0\3"), [170] * 3),
    "grey of 4 bits": (png((2, 1), 4, small.GREY, [b"\xa7"], transparent=b"\0\7"), [170] * 3),
    "grey of 8 bits": (png((2, 1), 8, small.GREY, [b"\x20\x07"], transparent=b"\0\7"), [32] * 3),
    "grey of 16 bits": (png((2, 1), 16, small.GREY, [b"\x20\x20\x20\x21"],
        transparent=b"\x20\x21"), [32] * 3),
    "a colour": (png((2, 1), 8, small.COLOURS, [b"\xc8\0\0\1\2\3"],
        transparent=b"\0\1\0\2\0\3"), RED),
    "a colour of 16 bits": (png((2, 1), 16, small.COLOURS, [b"\xc8\x12\0\0\0\0\1\7\2\x08\3\x09"],
        transparent=b"\1\7\2\x08\3\x09"), RED),
    "grey and alpha": (png((2, 1), 8, small.GREY_ALPHA, [b"\xc8\xff\x20\0"]), [200] * 3),
    "grey and alpha of 16 bits": (png((2, 1), 16, small.GREY_ALPHA,
        [b"\xc8\0\xff\xff\x20\0\0\0"]), [200] * 3),
    "colours and alpha": (png((2, 1), 8, small.COLOURS_ALPHA,
        [b"\xc8\0\0\xff\1\2\3\0"]), RED),
    "colours and alpha of 16 bits": (png((2, 1), 16, small.COLOURS_ALPHA,
        [b"\xc8\0\0\0\0\0\xff\xff\1\1\2\2\3\3\0\0"]), RED),
}  # fmt: skip


@pytest.mark.parametrize("name", TRANSPARENT)
def test_every_transparency_of_a_png_shows_the_background(name):
    data, opaque = TRANSPARENT[name]
    assert own(data, (1, 2, 3), BLUE).tolist() == [[opaque, SEEN]]


def test_a_file_without_transparency_does_not_depend_on_the_background():
    opaque = [
        picture(RAMP),
        picture(np.stack([RAMP] * 3, axis=-1)),
        saved(Image.fromarray(RAMP).convert("P")),
        picture(np.full((16, 16, 4), 255, np.uint8)),
        picture(RAMP.astype(np.uint16) * 257),
    ]
    for data in opaque:
        np.testing.assert_array_equal(own(data, (16, 16, 3), BLUE), own(data, (16, 16, 3), WHITE))


def test_half_transparency_is_mixed_half():
    data = picture(np.full((4, 4, 4), (200, 100, 0, 128), np.uint8))
    np.testing.assert_allclose(own(data, (4, 4, 3), BLUE)[0, 0], (100, 50, 127), atol=1)


@pytest.mark.parametrize("side", [128, 2200])
@pytest.mark.parametrize("beneath", [0, 255])
def test_the_colours_beneath_transparency_leave_no_fringe(side, beneath):
    """A grey disc on white: whatever stands beneath its surroundings, no pixel is off the line."""
    y, x = np.indices((side, side)) - side / 2
    inside = x * x + y * y < (side / 3) ** 2
    array = np.full((side, side, 4), (beneath, beneath, beneath, 0), np.uint8)
    array[inside] = (128, 128, 128, 255)
    found = pixels(picture(array))
    wanted = pixels(picture(np.where(inside, 128, 255).astype(np.uint8)))
    np.testing.assert_array_equal(found, wanted)


# Colours


@pytest.mark.parametrize(
    ("text", "rgb"),
    [
        ("white", (255, 255, 255)),
        ("Navy", (0, 0, 128)),
        ("#fff", (255, 255, 255)),
        ("#102030", (16, 32, 48)),
        ("rgb(1, 2, 3)", (1, 2, 3)),
    ],
)
def test_a_colour_is_a_name_or_a_number(text, rgb):
    assert decode.colour(text) == rgb


@pytest.mark.parametrize(
    "text",
    [
        "",
        "whit",
        "#12",
        "#10203040",
        "#fff0",
        "rgba(1,2,3,4)",
        "rgb(256,0,0)",
        "\x1b[31m",
        "x" * 200,
    ],
)
def test_no_colour_and_a_colour_with_alpha_are_refused(text):
    with pytest.raises(UserError) as caught:
        decode.colour(text)
    assert "is not a colour" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 200


# At their own size


def test_another_size_is_refused_before_it_is_decoded(monkeypatch):
    monkeypatch.setattr(decode, "_flat", lambda *_: pytest.fail("it was decoded"))
    with pytest.raises(decode.OtherSize, match="32×20 pixels"):
        own(plain(1, (32, 20)), (32, 32, 3))


def test_the_upright_size_counts():
    exif = Image.Exif()
    exif[0x0112] = 6
    array = np.zeros((20, 32, 3), np.uint8)
    data = picture(array, exif=exif)
    assert own(data, (32, 20, 3)).shape == (32, 20, 3)
    with pytest.raises(decode.OtherSize, match="20×32 pixels"):
        own(data, (20, 32, 3))


def test_colours_become_their_brightness_in_grey():
    red = own(picture(np.full((2, 2, 3), (255, 0, 0), np.uint8)), (2, 2, 1))
    assert red.shape == (2, 2, 1)
    assert red[0, 0, 0] == 76  # 0.299 · 255


# Too much


@pytest.mark.parametrize("size", [(10_000, 5_001), (60_000, 2_000)])
def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(size, monkeypatch):
    monkeypatch.setattr(decode, "_reduced", lambda *_: pytest.fail("it was decoded"))
    with pytest.raises(ValueError, match="pixels are too many"):
        pixels(png(size, 8, small.COLOURS, [b""]))


def test_half_as_many_pixels_are_allowed_where_decoding_takes_twice_the_memory(monkeypatch):
    monkeypatch.setattr(decode, "MAX_PIXELS", 1000)
    grey, inks = Image.new("L", (30, 30)), Image.new("CMYK", (30, 30))
    for data in (saved(grey), saved(grey, "JPEG", progressive=True), saved(inks, "JPEG")):
        assert pixels(data).shape == (64, 64, 3)
    for data in (saved(grey, "WEBP"), saved(inks, "JPEG", progressive=True)):
        with pytest.raises(ValueError, match="30 × 30 pixels are too many"):
            pixels(data)


def test_a_jpeg_of_many_scans_is_refused():
    data = saved(Image.new("RGB", (64, 64), (1, 2, 3)), "JPEG", progressive=True)
    last = data.rfind(b"\xff\xda")
    assert decode._scans(data) == data.count(b"\xff\xda") == 10
    behind = b"\xff\xda\0\2" * 50_000  # such as the video of a moving photograph
    assert pixels(data + behind).shape == (64, 64, 3)
    with pytest.raises(ValueError, match="more than 64 scans"):
        pixels(data[:-2] + 55 * data[last:-2] + data[-2:])


def test_scans_in_a_thumbnail_are_not_counted():
    exif = Image.Exif()
    exif[0x927C] = b"\xff\xda\xff\xd9" * 100  # the maker's note may be anything
    data = saved(Image.new("RGB", (64, 64)), "JPEG", progressive=True, exif=exif)
    assert data.count(b"\xff\xda") == 110
    assert decode._scans(data) == 10


def bmp_of_runs(size, runs):
    """A BMP whose pixels are run lengths. size: (width, height)."""
    palette = bytes(range(256)) * 4
    offset = 14 + 40 + len(palette)
    header = [40, *size, 1 | 8 << 16, 1, len(runs), 0, 0, 256, 0]
    data = b"BM" + b"".join(
        n.to_bytes(4, "little") for n in [offset + len(runs), 0, offset, *header]
    )
    return data + palette + runs


@pytest.mark.parametrize("size", [(1, 10_000_001), (10_000_001, 1)])
def test_few_pixels_in_many_rows_or_a_long_one_are_refused(size):
    with pytest.raises(ValueError, match="pixels are too many"):
        pixels(png(size, 8, small.GREY, []))


def test_many_pixels_that_run_lengths_leave_out_are_refused():
    """Pillow fills the rest of a row in, a pixel at a time."""
    data = bmp_of_runs((10_000_001, 1), b"\1\7\0\0\0\1")
    with pytest.raises(ValueError, match="10,000,001 × 1 pixels are too many"):
        pixels(data)


def test_long_run_lengths_are_refused(monkeypatch):
    runs = b"\x04\x07\x00\x00" * 4 + b"\x00\x01"  # four rows of four, and the end
    data = bmp_of_runs((4, 4), runs)
    assert own(data, (4, 4, 3)).shape == (4, 4, 3)
    monkeypatch.setattr(decode, "MAX_RUNS", len(data) - 1)
    with pytest.raises(ValueError, match="bytes of run lengths"):
        own(data, (4, 4, 3))
    assert own(saved(Image.new("RGB", (40, 40)), "BMP"), (40, 40, 3)).shape == (40, 40, 3)


SIDE = 7071  # of a square of just under 50,000,000 pixels


def large_progressive_jpeg():
    """526 bytes: libjpeg makes grey of what is missing."""
    data = bytearray(saved(Image.new("RGB", (16, 16)), "JPEG", progressive=True, subsampling=0))
    size = data.find(b"\xff\xc2") + 5
    data[size : size + 4] = SIDE.to_bytes(2, "big") * 2
    return bytes(data)


LARGEST = {
    "run lengths of a BMP": lambda: bmp_of_runs((10_000_000, 1), b"\1\7\0\0\0\1"),
    "a progressive JPEG": large_progressive_jpeg,
    "colours and alpha": lambda: png((SIDE, SIDE), 8, small.COLOURS_ALPHA),
    "grey of 16 bits": lambda: png((SIDE, SIDE), 16, small.GREY, transparent=b"\0\0"),
    "a palette": lambda: png((SIDE, SIDE), 8, small.PALETTE, palette=PALETTE, transparent=b"\7"),
    "five rows": lambda: png((10**7, 5), 16, small.COLOURS_ALPHA, [bytes(8 * 10**7)] * 5),
    "a column": lambda: png((5, 10**7), 8, small.COLOURS_ALPHA, [bytes(21 * 10**7 - 1)]),
    "a line": lambda: png((500_000, 100), 8, small.COLOURS_ALPHA),
}


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is read as Linux tells it")
@pytest.mark.parametrize("name", LARGEST)
def test_the_largest_picture_takes_less_than_512_mb_and_10_seconds_of_a_core(tmp_path, name):
    (tmp_path / "big").write_bytes(LARGEST[name]())
    code = """
        import sys, time
        from tinygan.data import decode
        decode.middle_square(open(sys.argv[1], "rb").read(), 64, (255, 255, 255))
        status = open("/proc/self/status").read()
        print(time.process_time(), status.partition("VmHWM:")[2].split()[0])
    """
    words = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path / "big")]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    seconds, kilobytes = map(float, done.stdout.split())
    assert kilobytes < 512_000
    assert seconds < 10
