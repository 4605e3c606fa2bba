"""The one masker: replaces possible credentials by ``***`` before a text is printed, logged or returned.

A credential is known by the name before it (:func:`_is_secret`), by the form of a URL, or by a scheme of HTTP. A bare
value in a sentence is not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache, partial
from urllib.parse import unquote

from cts_schema.masked_columns import mask_columns

_MASK = "***"

# Names are compared in lower case and without what joins their words: apiSecret, API-SECRET and api_secret are one.
_ANYWHERE = re.compile(r"passw(?:or)?d|pwd|passphrase|passcode|secret|credential|cookie|authorization|mnemonic")
_AT_END = re.compile(r"\wtoken$|signature$|sessionid$|jwt$")
_QUALIFIED = re.compile(
    r"(?:api|access|refresh|private|auth|encryption|signing|master|session|consumer|client|app|account|service|license"
    r"|ssh|rsa|hmac|shared|wallet|hex|text|listen|trading|exchange|user|binance|bybit|bingx|okx|kucoin|pionex|orangex)"
    r"(?:keys?|keyid|token)(?:old|new|live|test)?$|seedphrase$"
)
_LAST_WORDS = {"pw", "sign", "sig", "sid", "auth", "pass", "pin", "otp"}
#: A key or a token with one of these words before it is one of a database or of a parser.
_HARMLESS = {
    *("primary", "foreign", "unique", "duplicate", "composite", "candidate", "sort", "partition", "state", "row"),
    *("cache", "public", "missing", "unknown", "unrecognized", "unexpected", "illegal"),
}
#: Headers whose value is the rest of the line.
_WHOLE_LINE = re.compile(r"(?:cookie|authorization)$")

# A word that is no word of a sentence, nor a date.
_NO_WORD = r"(?!\d{4}-\d\d)(?=[\w~+/-]*\d)(?=[\w~+/-]*[A-Za-z])[\w~+/=-]{6,}"

# Quotes of HTML and of a URL, which may be encoded more than once.
_ENCODED_QUOTE = r"&(?:quot|apos|#3[49]|#x2[27]);|%(?:25)*2[27]"

_NAME = re.compile(
    r"(?:(?<![\w.%-])|(?<=%3[AaDd])|(?<=%253[AaDd])|(?<=%25253[AaDd]))"
    r"(?P<name>(?:[\w.-]|%(?!(?:25)*3[AaDd]))++)"
    rf"(?P<close>(?:\[\d*\])?(?:\\*[\"'`\])]*|{_ENCODED_QUOTE}))"
    r"(?:(?P<sign>\s*(?:=>|->|:=|==?|:|<>|!=|%(?:25)*3[AaDd])\s*)"
    r"|(?P<space>(?<=[\w.%-])(?:\s*\(\s*|\s+(?:(?i:is|was|to|like)\s+)?)(?=\\*[\"'`]|"
    + _NO_WORD
    + r")|\s+(?i:in)\s*(?=\())"
    r"|(?P<column>[ ]+\|[ ]+|\t+)|(?P<option>\s+)(?=[^\s-]))"
)
_QUOTED = re.compile(
    rf"[bruef]?(?P<quote>\\*[\"'`]|{_ENCODED_QUOTE})"
    r"(?:(?P=quote){2}|(?!(?<!\\)(?P=quote)).)*(?:(?P=quote)|\Z)|[\[({][^\])}]*(?:[\])}]|\Z)"
    r"|(?:!\S*[ ]+)?[|>][+\d-]*[ ]*(?:\n[ \t]+\S[^\n]*)+",  # a block of YAML
    re.DOTALL | re.IGNORECASE,
)
# Ends where the next parameter begins, or at what closes a text around it: a password may have any other sign.
_BARE = re.compile(
    r"(?:(?:bearer|basic|token|!\S*)\s+)?"
    r"(?:(?!&(?:amp;)?(?:[\w.%\[\]-]+=|\s|\Z)|%(?:25)*26[\w.-]+%(?:25)*3D"
    rf"|[,;](?:\s|\Z|(?:\\*[\"']|{_ENCODED_QUOTE})?[\w.-]+(?:\\*[\"']|{_ENCODED_QUOTE})?\s*[=:])|%(?:25)*2C%(?:25)*2[27]"
    r"|\\*[)\]}>\"'`]+(?:[\s,;:.)\]}]|\Z))"
    r"(?:\\.|\S))+",
    re.IGNORECASE,
)
_NOTHING = re.compile(r"(?:null|none|true|false|missing)(?![^\s,;:.)\]}])", re.IGNORECASE)
_LINE = re.compile(r"(?:(?!\\[rn])[^\r\n])+")
_TOKEN_OF_SCHEME = re.compile(
    r"\b(bearer\s+|basic\s+)(?=[\w.~+/-]*(?:\d|=|[\w.~+/-]{20}))[\w.~+/=-]{8,}", re.IGNORECASE
)
# A command, and how it takes a user and a password, or a token. They too may stand in a list of words.
_COMMANDS = (
    (
        re.compile(r"\bcurl\b[^\r\n]*", re.IGNORECASE),
        re.compile(
            r"((?<![\w-])(?:-[A-Za-z]{0,5}?[uU]|--(?:proxy-)?user)[\"']?,?[\s=]*(?P<quote>\\*[\"'])?[^\s:\"'/]++:)"
            r"(?!//)(?(quote)(?:(?!(?P=quote)).)*|[^\s\"']+)"
        ),
    ),
    (
        re.compile(r"\b(?:https?|xhs?|redis-cli)(?=[\"']?,?\s)[^\r\n]*", re.IGNORECASE),
        re.compile(
            r"((?<![\w-])-[A-Za-z]{0,5}?a[\"']?,?[\s=]+(?P<quote>\\*[\"'])?(?:[^\s:\"'/]++:)?)"
            r"(?!//)(?(quote)(?:(?!(?P=quote)).)*|[^\s\"']+)"
        ),
    ),
)
_PAIR = re.compile(r"([(\[]\s*b?([\"'])(?P<name>[\w. -]+)\2\s*,\s*)b?([\"'])(?:(?!\4).)*\4(?=\s*[)\]])", re.DOTALL)
_NAMED = re.compile(
    r"(\b(?:name|key|header|field|column|parameter)\\*[\"']?\s*[:=]\s*\\*([\"'])(?P<name>[\w. -]+)\\*\2\s*,?\s*"
    r"\\*[\"']?value\\*[\"']?\s*[:=]\s*)(?P<quote>\\*[\"'])(?:(?!(?P=quote)).)*(?P=quote)",
    re.DOTALL | re.IGNORECASE,
)
_ELEMENT = re.compile(
    r"(<(?:[\w.-]+:)?(?P<name>[\w.-]+)(?:\s[^<>]*)?>)(?!\s*<(?!!\[CDATA))(?:<!\[CDATA\[.*?\]\]>|[^<])+", re.DOTALL
)
# Values of a statement, whose columns stand before them, and a row that PostgreSQL has refused.
_BOUND = re.compile(r"(?:\[parameters: |\bVALUES\s*\().*", re.DOTALL | re.IGNORECASE)
_ROW = re.compile(r"(Failing row contains \().*?(?=\)\.?\s*(?:\n|\Z)|\Z)", re.DOTALL)
_PRIVATE_KEY = re.compile(r"(-----BEGIN [A-Z ]*PRIVATE KEY-----).*?(?=-----END|\Z)", re.DOTALL)

# The name of a scheme is read as a whole: from each of its parts on, a long one would be read again.
_IN_URL = re.compile(r"((?<![\w+.-])(?!sqlite[\w+]*:///)[\w+.-]++://[^\s:]*):\S*@", re.IGNORECASE)
_CUT_OFF_IN_URL = re.compile(
    r"((?<![\w+.-])[\w+.-]++://[^\s:@/\[\]]+):(?!\*\*\*|\d*(?:[/?\s,;:.)\]}\"'`]|\Z))[^\s/?]+", re.IGNORECASE
)


def mask_secrets(text: str) -> str:
    """Return a text with ``***`` for each value that may be a credential; see the module."""
    text = re.sub(r"\S+", lambda found: _without_password(found[0]), text) if "://" in text else text
    text = _CUT_OFF_IN_URL.sub(rf"\1:{_MASK}", text)
    text = _ROW.sub(rf"\1{_MASK}", _PRIVATE_KEY.sub(rf"\1{_MASK}", text))
    bound = _BOUND.search(text)
    if bound and any(_is_secret(word, "") == "surely" for word in re.findall(r"\w+", text[: bound.start()])):
        text = text[: bound.start()] + re.sub(r"([:(]\s*).*", rf"\1{_MASK}", bound[0], count=1, flags=re.DOTALL)
    for command, user in _COMMANDS:
        text = command.sub(partial(_without_user, user), text)
    text = mask_columns(text, lambda name: _is_secret(name.replace(" ", "_"), "") == "surely", _MASK)
    for form in (_PAIR, _NAMED, _ELEMENT):
        text = form.sub(lambda found: found[1] + _MASK if _is_secret(found["name"], "") else found[0], text)
    return _TOKEN_OF_SCHEME.sub(rf"\1{_MASK}", "".join(_parts(text)))


def mask_url(url: object) -> str:
    """Return a database URL to be shown: ``***`` for the password and for query parameters named like a secret.

    Takes a `sqlalchemy.URL` or any text, also one that is not a URL or whose password was not escaped: what may
    be a password is masked rather than shown. `+psycopg` is left out, being what plain `postgresql://` means here.
    """
    text = str(url).replace("postgresql+psycopg://", "postgresql://", 1)
    if getattr(url, "password", None) == "":
        text = text.replace(":***@", "@", 1)  # SQLAlchemy masks an empty password too
    text, question, query = text.partition("?")
    text += question + query.replace("%2F", "/")  # the folder of a socket is easier to read so
    scheme, separator, rest = text.partition("://")
    if not re.fullmatch(r"[\w+.-]+", scheme if separator else "path"):
        return _MASK
    if not separator:  # a path, unless there is a sign of a connection string; a drive letter is none
        return _MASK if re.search(r"[@=:]", re.sub(r"^[A-Za-z]:", "", text)) else text
    if not (scheme.lower().startswith("sqlite") and rest.startswith("/")):  # the path of a file holds no password
        user, at, place = text.rpartition("@")
        user, masked = re.subn(r"(://[^:]*):.*", r"\1:***", user, count=1, flags=re.DOTALL)
        text = user + at + place
        if not masked:  # "scheme://user:password" without a host: only digits may be a port
            text = re.sub(r"(://[^:@/\[]*):(?!\d*(?:[/?]|$))[^/?]*", r"\1:***", text, count=1)
    return mask_secrets(text)


def _without_password(word: str) -> str:
    """Return a word with the password of its URL masked, which ends at the last ``@``."""
    end = word.rfind("@") + 1
    return _IN_URL.sub(rf"\1:{_MASK}@", word[:end]) + word[end:]


def _without_user(user: re.Pattern[str], command: re.Match[str]) -> str:
    return user.sub(rf"\1{_MASK}", command[0])


def _parts(text: str) -> Iterator[str]:
    """Yield a text in parts, with a mask for each value whose name is that of a secret."""
    shown = at = 0
    while found := _NAME.search(text, at):
        at = found.end("name")
        if not _names_a_secret(text, found) or _NOTHING.match(text, found.end()):
            continue
        value = _value(text, found)
        if value is not None:
            yield text[shown : found.end()] + _MASK
            shown = at = value
    yield text[shown:]


def _names_a_secret(text: str, found: re.Match[str]) -> bool:
    before = re.search(r"([A-Za-z]+) $", text[max(0, found.start() - 20) : found.start()])
    kind = _is_secret(found["name"], before[1].lower() if before else "")
    if found["sign"] is None and found["name"].startswith("--"):
        return kind is not None
    if found["option"] is not None:
        return False
    # A quote behind a blank follows many a word: 'Unexpected token "<"'.
    return kind == "surely" if found["sign"] is None else kind is not None


def _value(text: str, found: re.Match[str]) -> int | None:
    """Return where the value after a name ends, None if there is no value."""
    at = found.end()
    quoted = _QUOTED.match(text, at)
    if quoted:
        return quoted.end()
    if indented := re.search(r":[ ]*\n([ ]*)\Z", found[0]):  # in YAML: all that is indented as much, or a list
        same = rf"[ ]{{{len(indented[1])}}}" + ("" if indented[1] else "-")
        block = re.compile(rf"(?:(?<=\n){same}[^\n]*(?:\n|\Z))+").match(text, at - len(indented[1]))
        if block:
            return block.end() - (block[0][-1] == "\n")
    begun = _BARE.match(text, at, at + 64)  # before a line is read to its end
    if not begun or not _WHOLE_LINE.search(_plain(found["name"])) or re.match(r"(?i)(bearer|basic)\s", begun[0]):
        bare = _BARE.match(text, at)
        return bare and bare.end()
    around = text[found.start() - 1 : found.start()]
    stop = text.find(around, at) if around and around in "\"'`" else -1
    line = _LINE.match(text, at, len(text) if stop < 0 else stop)
    return line and line.end()


@lru_cache(1024)
def _is_secret(name: str, before: str) -> str | None:
    """Return whether a name is that of a secret: ``surely``, ``maybe``, or None.

    Args:
        name: with all that joins its words.
        before: the word before it, in lower case.
    """
    name = re.split(r"[?&;/,{\s]", _decoded(name))[-1].rstrip("\"'").rstrip("_-0123456789")
    plain = _plain(name)
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)
    if _ANYWHERE.search(plain) or _AT_END.search(plain) or _QUALIFIED.search(before + plain):
        return "surely"
    if words and words[-1].lower() in _LAST_WORDS:
        return "maybe"
    return "maybe" if plain in ("key", "token") and before not in _HARMLESS else None


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", _decoded(name)).lower()


def _decoded(name: str) -> str:
    while (decoded := unquote(name)) != name:
        name = decoded
    return name
