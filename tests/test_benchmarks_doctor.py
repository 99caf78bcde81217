"""python -m benchmarks doctor: what a look costs, of each GAN that is asked for."""

import json

import pytest

from benchmarks import __main__ as benchmarks


def test_each_gan_has_a_row_and_its_share(cli, tmp_path):
    words = "doctor --recipe dcgan cgan --width 2 --batch-size 8 --rounds 2 --json found.json"
    code, out, err = cli(benchmarks.main, words)
    assert code == 0, err
    (result,) = json.loads((tmp_path / "found.json").read_text())["results"]
    assert [row["recipe"] for row in result["gans"]] == ["dcgan", "cgan"]
    assert [row["width"] for row in result["gans"]] == [2, None]
    for row in result["gans"]:
        update, look = row["update"]["median"], row["look"]["median"]
        assert row["share"] == pytest.approx(look / (look + 250 * update))
        assert f"{row['share']:.2%}" in out


def test_what_is_no_gan_has_no_row(cli):
    code, _, err = cli(benchmarks.main, "doctor --recipe ae")
    assert code == 2
    assert "ae" in err
