"""The page: one file that loads nothing, in which nothing out of a run's files is HTML."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest

from tinygan.report.page import page, policy
from tinygan.report.story import story
from tinygan.web import as_json

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"


class Tags(HTMLParser):
    """The start tags of a page, and the text of its scripts and styles."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.inside, self.texts = [], None, []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.inside = tag

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, data):
        if self.inside in ("script", "style"):
            self.texts.append((self.inside, data))


@pytest.fixture
def told(trained):
    return story([trained()])


def test_the_policy_allows_exactly_the_script_and_the_style_of_the_page(told):
    found = Tags(page(told))
    (meta,) = [
        attrs["content"] for tag, attrs in found.tags
        if tag == "meta" and attrs.get("http-equiv") == "Content-Security-Policy"
    ]  # fmt: skip
    assert meta == policy()
    assert meta.startswith("default-src 'none'; img-src data:; style-src")
    assert "unsafe" not in meta
    hashes = {
        base64.b64encode(hashlib.sha256(t.encode()).digest()).decode() for _, t in found.texts
    }
    assert set(re.findall(r"'sha256-([^']+)'", meta)) <= hashes
    assert len(re.findall("sha256-", meta)) == 2


def test_nothing_is_loaded_from_anywhere(told):
    for tag, attrs in Tags(page(told)).tags:
        assert tag not in ("iframe", "object", "embed", "base", "form", "a", "audio", "video")
        for name in ("src", "href"):
            assert attrs.get(name, "data:").startswith("data:")
        assert not any(name.startswith("on") or name == "style" for name in attrs)
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", page(told))


def test_the_story_stands_in_the_page_as_json(told):
    found = dict(t[::-1] for t in Tags(page(told)).texts)
    stories = [text for text in found if text.startswith("{")]
    assert len(stories) == 1
    assert json.loads(stories[0]) == json.loads(as_json(told | {"tag": None}))


def test_the_last_sheet_and_the_curves_are_there_without_scripts(told):
    text = page(told)
    body = text[: text.index('<script type="application/json"')]
    assert told["sheets"][0]["sheets"][-1]["src"] in body
    static = re.search(r"<noscript>(.*?)</noscript>", body, re.S)[1]
    assert told["stills"][0]["src"] in static


def test_hostile_texts_stay_text(told):
    plain = Tags(page(told)).tags
    hostile = told | {
        "title": HOSTILE,
        "lead": [HOSTILE],
        "state": {"word": HOSTILE, "text": HOSTILE},
        "facts": [[HOSTILE, HOSTILE]],
        "class_names": [HOSTILE],
    }
    hostile["sheets"][0]["name"] = HOSTILE
    hostile["stills"][0]["caption"] = HOSTILE
    text = page(hostile)
    assert [tag for tag, _ in Tags(text).tags] == [tag for tag, _ in plain]
    assert HOSTILE not in text


def test_a_name_with_a_dollar_is_no_placeholder(told):
    assert "$story ${script} $$" in page(told | {"title": "$story ${script} $$"})


def test_only_a_served_page_may_ask_its_server(told):
    assert "connect-src 'self'" in page(told, tag="x").replace("&#x27;", "'")
    assert "connect-src" not in page(told).partition("<title>")[0]
