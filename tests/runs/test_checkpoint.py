"""Checkpoints: what goes in comes out, and what is damaged or foreign does not come in."""

import io
import json
import os
import zipfile

import numpy as np
import pytest

from tinygan import nn, npz
from tinygan.errors import UserError
from tinygan.runs import checkpoint


def parts(width=3, seed=0):
    rng = np.random.default_rng(seed)
    net = nn.Sequential(nn.Dense(2, width, rng=rng), nn.BatchNorm(width))
    return {
        "arrays": {f"net/{name}": array for name, array in net.named_arrays().items()},
        "optimizers": {"opt": nn.Adam(net.params())},
        "generators": {"noise": rng},
    }


NAMES = {"recipe": "toy", "options": {"width": 3}}


def train_a_little(p):
    adam, rng = p["optimizers"]["opt"], p["generators"]["noise"]
    for _ in range(2):
        for param in adam.params:
            param.grad[...] = rng.standard_normal(param.grad.shape)
        adam.step()
        p["arrays"]["net/1.running_mean"][...] += rng.standard_normal(1)


@pytest.fixture
def saved(tmp_path):
    p = parts()
    train_a_little(p)
    path = tmp_path / "checkpoint.npz"
    history = np.arange(8, dtype=np.float32).reshape(2, 4)
    checkpoint.save(path, **NAMES, **p, step=2, history=history, notes={"seen": 0.5})
    return path, p


def test_everything_comes_back(saved):
    path, p = saved
    q = parts(seed=9)
    step, history, notes = checkpoint.load(path, **NAMES, **q)
    assert (step, notes) == (2, {"seen": 0.5})
    np.testing.assert_array_equal(history, np.arange(8).reshape(2, 4))
    train_a_little(p)
    train_a_little(q)
    mine, its = (x["arrays"] for x in (p, q))
    for name in mine:
        assert mine[name].tobytes() == its[name].tobytes(), name
    states = [x["generators"]["noise"].bit_generator.state for x in (p, q)]
    assert states[0] == states[1]


def test_what_else_is_in_it_is_not_read(saved):
    path, p = saved
    more = {"adam_opt/m.9": np.zeros(3), "adam_opt/x": np.zeros(3), "net/9.W": np.zeros(3)}
    rewrite(path, change_arrays=lambda arrays: arrays.update(more))
    q = parts(seed=9)
    assert checkpoint.load(path, **NAMES, **q)[0] == 2
    assert q["optimizers"]["opt"].t == p["optimizers"]["opt"].t


def test_the_file_is_a_plain_npz_without_pickle(saved):
    path, p = saved
    with np.load(path, allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["net/0.W"], p["arrays"]["net/0.W"])
        assert json.loads(arrays["meta"].tobytes())["step"] == 2


def test_equal_contents_make_equal_files(saved, tmp_path):
    path, p = saved
    history = np.arange(8, dtype=np.float32).reshape(2, 4)
    again = tmp_path / "again.npz"
    checkpoint.save(again, **NAMES, **p, step=2, history=history, notes={"seen": 0.5})
    assert (tmp_path / "again.npz").read_bytes() == path.read_bytes()


def refused(path, says, names=NAMES, **changes):
    q = parts(seed=9, **changes)
    before = q["arrays"]["net/0.W"].copy()
    with pytest.raises(UserError, match=says) as caught:
        checkpoint.load(path, **names, **q)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    np.testing.assert_array_equal(q["arrays"]["net/0.W"], before)


def test_a_truncated_file_is_refused_wherever_it_ends(saved):
    path, _ = saved
    whole = path.read_bytes()
    for size in [0, 1, 63, 64, 65, 100, *range(len(whole) // 7, len(whole), len(whole) // 7)]:
        path.write_bytes(whole[:size])
        refused(path, "truncated or altered")
    path.write_bytes(whole + b"x")
    refused(path, "truncated or altered")


def test_every_single_changed_byte_is_noticed(saved):
    path, _ = saved
    whole = path.read_bytes()
    for at in [*range(0, len(whole), 61), *range(len(whole) - 100, len(whole))]:
        changed = bytearray(whole)
        changed[at] ^= 0x10
        path.write_bytes(changed)
        refused(path, "truncated or altered")


def test_another_recipe_option_or_shape_is_refused(saved):
    path, _ = saved
    refused(path, "is of the recipe toy, not of other", names=NAMES | {"recipe": "other"})
    refused(path, "options", names=NAMES | {"options": {"width": 4}})
    refused(path, r"net/0.W is float32 \(2, 3\) instead of float32 \(2, 4\)", width=4)


def rewrite(path, change_meta=lambda meta: None, change_arrays=lambda arrays: None):
    meta, arrays = checkpoint.read_arrays(path)
    change_meta(meta)
    change_arrays(arrays)
    checkpoint.write_arrays(path, meta, arrays)


DEEP = '{"a": ' * 900 + "1" + "}" * 900  # which can be read, and at other depths not be printed


@pytest.mark.parametrize("strange", ["a\nb", "\x1b[2J", "\ud800", "x" * 100_000, json.loads(DEEP)])
@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda meta, x: meta.update(recipe=x), "is of the recipe .*, not of toy"),
        (lambda meta, x: meta["options"].update(width=x), "has other options: width is .* in it"),
        (lambda meta, x: meta.update(options={str(x): 1}), "has other options: "),
    ],
)
def test_whatever_stands_in_it_is_refused_in_one_short_line(saved, change, says, strange):
    path, _ = saved
    rewrite(path, lambda meta: change(meta, strange))
    with pytest.raises(UserError, match=says) as caught:
        checkpoint.load(path, **NAMES, **parts())
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 500


def test_it_can_be_checked_before_there_is_a_model(saved):
    path, _ = saved
    checkpoint.check(path, **NAMES)
    for change in ({"recipe": "other"}, {"options": {"width": 4096}}):
        with pytest.raises(UserError, match=r"is of the recipe toy|has other options: width is 3"):
            checkpoint.check(path, **NAMES | change)


def test_other_learning_rates_and_options_that_came_later_are_no_other_run(saved):
    path, p = saved
    changed = {"width": 3, "lr": 0.5, "lr_d": None, "flip": False}
    assert checkpoint.load(path, recipe="toy", options=changed, **parts())[0] == 2
    history = np.zeros((0, 4), np.float32)
    options = {"width": 3, "lr": 0.1, "flip": True}
    checkpoint.save(path, recipe="toy", options=options, **p, step=0, history=history)
    names = {"recipe": "toy", "options": changed}
    refused(path, "has other options: flip is True in it, and False in this run", names)


def test_a_newer_format_is_refused_and_says_to_update(saved):
    path, _ = saved
    rewrite(path, lambda meta: meta.update(format=2))
    refused(path, "format 2 and comes from a newer tinygan.*update tinygan")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda a: a.pop("net/0.b"), "it has no net/0.b"),
        (lambda a: a.pop("adam_opt/m.1"), "it has no adam_opt/m.1"),
        (lambda a: a.pop("history"), "history"),
        (
            lambda a: a.update({"history": np.zeros((5, 4), np.float32)}),
            "its step and its history disagree",
        ),
        (lambda a: a.update({"net/0.b": np.zeros(3)}), "net/0.b is float64"),
        (lambda a: a.update({"net/0.b": np.full(3, np.nan, np.float32)}), "not finite"),
        (lambda a: a.update({"adam_opt/v.0": np.full((2, 3), np.inf, np.float32)}), "not finite"),
    ],
)
def test_arrays_that_do_not_fit_are_refused_by_name(saved, change, says):
    path, _ = saved
    rewrite(path, change_arrays=change)
    refused(path, says)


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.pop("step"),
        lambda m: m.pop("notes"),
        lambda m: m.update(notes=[]),
        lambda m: m.update(notes={"finished": "a\nb"}),
        lambda m: m.update(notes={"finished": "x" * 1000}),
        lambda m: m.update(notes={"finished": None}),
        lambda m: m.update(step="soon"),
        lambda m: m.update(generators={}),
        lambda m: m.update(generators={"noise": {"bit_generator": "MT19937"}}),
        lambda m: m.update(generators={"noise": 5}),
    ],
)
def test_a_meta_that_makes_no_sense_is_refused(saved, change):
    path, _ = saved
    rewrite(path, change)
    refused(path, "does not fit this recipe")


def with_digest(path, write_members):
    """A file with a right digest around whatever members an attacker likes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.comment = b"0" * 64
        write_members(archive)
    path.write_bytes(buffer.getvalue())
    with open(path, "r+b") as file:
        digest = npz._digest(file)
        file.seek(-64, os.SEEK_END)
        file.write(digest)


def npy(array, **kwargs):
    member = io.BytesIO()
    np.lib.format.write_array(member, array, **kwargs)
    return member.getvalue()


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"meta.npy": b"not an array"},
        {"meta.npy": npy(np.frombuffer(b"{}", np.uint8))},
        {"meta.npy": npy(np.frombuffer(b"[1]", np.uint8))},
        {"meta.npy": npy(np.frombuffer(b'{"format": "x"}', np.uint8))},
        {"meta.npy": npy(np.frombuffer(b"\xff\xfe", np.uint8))},
        {"meta.npy": npy(np.array([{"a": 1}], object), allow_pickle=True)},
        {"meta.npy": npy(np.zeros(4))[:-1]},
        {"meta.npy": npy(np.zeros(10)).replace(b"(10,)", b"(99,)")},
        {"meta.npy": npy(np.zeros(10)).replace(b"(10,)", b"(-1,)")},
    ],
)
def test_a_forged_file_is_refused_without_unpickling(tmp_path, members):
    path = tmp_path / "forged.npz"
    with_digest(path, lambda z: [z.writestr(name, data) for name, data in members.items()])
    refused(path, "is not a tinygan file")


def test_a_compressed_member_is_refused_before_it_unpacks(tmp_path):
    path = tmp_path / "bomb.npz"

    def bomb(archive):
        archive.writestr("meta.npy", npy(np.zeros(10**6)), zipfile.ZIP_DEFLATED)

    with_digest(path, bomb)
    refused(path, "is compressed")


def test_members_that_share_their_bytes_are_refused_before_they_are_read(tmp_path):
    path = tmp_path / "twice.npz"

    def twice(archive):
        archive.writestr("meta.npy", npy(np.zeros(1000)))
        archive.filelist.append(archive.filelist[0])

    with_digest(path, twice)
    refused(path, "a name occurs twice")


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.update(step=2.0),
        lambda m: m.update(step=float("inf")),
        lambda m: m["generators"]["noise"]["state"].update(state=2**200),
        lambda m: m["generators"]["noise"]["state"].update(inc=-5),
    ],
)
def test_numbers_that_no_run_has_are_refused(saved, change):
    path, _ = saved
    rewrite(path, change)
    refused(path, "does not fit this recipe")


@pytest.mark.parametrize("value", [0, -1, 1.0, float("nan"), "1"])
def test_a_format_that_never_was_is_refused(saved, value):
    path, _ = saved
    rewrite(path, lambda meta: meta.update(format=value))
    refused(path, "is not a tinygan file: its format is")


@pytest.mark.parametrize(
    "header", [b"{'descr': '<f8', (((", b"  {\n  'descr'", b"(" * 9000, b"x" * 20000]
)
def test_a_header_that_is_no_header_is_refused_in_one_line(tmp_path, header):
    path = tmp_path / "forged.npz"
    member = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    with_digest(path, lambda archive: archive.writestr("meta.npy", member))
    refused(path, "is not a tinygan file")


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    refused(tmp_path / "nothing.npz", "cannot read .*: no such file")
    refused(tmp_path, "cannot read .*: is a directory")


def test_a_failing_save_keeps_the_old_file_and_leaves_no_other(saved, monkeypatch):
    path, p = saved
    before = path.read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left") as caught:
        checkpoint.save(path, **NAMES, **p, step=3, history=np.zeros((3, 4)))
    assert caught.value.filename == str(path)
    assert path.read_bytes() == before
    assert [f.name for f in path.parent.iterdir()] == ["checkpoint.npz"]
