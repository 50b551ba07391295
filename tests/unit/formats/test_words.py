from app.formats.registry import FORMATS
from app.formats.words import GROUPS, WORDS


def test_every_format_has_words_under_one_heading():
    assert sorted(WORDS) == sorted(FORMATS)
    assert sum(map(len, GROUPS.values())) == len(WORDS)
    for name, words in WORDS.items():
        assert words.title, name
        assert FORMATS[name].file.split("/")[0] in words.says
