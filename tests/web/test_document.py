"""What all pages are made by: a template filled, a policy that fits, JSON that is no HTML."""

import base64
import hashlib
import json

from tinygan import web


def test_numbers_that_json_lacks_are_null():
    text = web.as_json({"a": [float("nan"), float("inf"), 1.5], "b": "</script>&\u2028"})
    assert json.loads(text) == {"a": [None, None, 1.5], "b": "</script>&\u2028"}
    assert "<" not in text
    assert "&" not in text
    assert "\u2028" not in text


def test_the_policy_names_the_style_and_the_script_by_their_hashes():
    text = web.policy("p {}", "let x;", "worker-src blob:")
    for part in ("p {}", "let x;"):
        digest = base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in text
    assert text.startswith("default-src 'none'; img-src data:; worker-src blob:; style-src")


def test_a_page_holds_its_style_its_script_and_its_policy():
    found = web.document("$policy|$style|$script|$title", "a {}", "let b;", title="c $d")
    policy, *others = found.split("|")
    assert others == ["a {}", "let b;", "c $d"]
    assert policy.startswith("default-src &#x27;none&#x27;")
