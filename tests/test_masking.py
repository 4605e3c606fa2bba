"""A credential is masked however its name is spelled and its value is written; what only looks like one is shown."""

from __future__ import annotations

import itertools
import logging
from contextlib import suppress

import pytest
import sqlalchemy as sa

from cts_schema.cli.output import print_error
from cts_schema.database.options import Options
from cts_schema.exceptions import SchemaError, in_a_line, in_code, of_alembic
from cts_schema.masking import mask_secrets, mask_url
from cts_schema.migration.run_log import RunLog, RunState
from cts_schema.models import SiteLog
from cts_schema.web.schemas import Problem
from tests.support.databases import Database
from tests.support.served import STATS, client_of

WORDS = [
    ["password"], ["passwd"], ["pwd"], ["passphrase"], ["secret"], ["token"], ["key"], ["signature"], ["sig"],
    ["sign"], ["client", "secret"],
    ["api", "key"], ["api", "secret"], ["api", "passphrase"], ["access", "key"], ["access", "token"],
    ["private", "key"], ["secret", "access", "key"], ["session", "id"], ["db", "pass"],
]  # fmt: skip
AS_THEY_ARE = [
    "X-API-Key", "OK-ACCESS-KEY", "OK-ACCESS-SIGN", "OK-ACCESS-PASSPHRASE", "X-BAPI-API-KEY", "X-BAPI-SIGN",
    "X-MBX-APIKEY", "KC-API-KEY", "sslpassword", "PGPASSWORD", "apikey", "apisecret", "connection.api_key", "Cookie",
    "Set-Cookie", "Authorization", "Proxy-Authorization",
]  # fmt: skip


def spelled(words: list[str]) -> set[str]:
    """Return a name in snake, camel, kebab and upper case, and in separate words."""
    first, *others = words
    camel = first + "".join(word.title() for word in others)
    spaced = " ".join([*words[:-1], words[-1]]) if words[-1] in ("key", "secret", "passphrase", "token") else camel
    return {"_".join(words), "-".join(words), camel, camel[0].upper() + camel[1:], "_".join(words).upper(), spaced}


NAMES = sorted({name for words in WORDS for name in spelled(words)} | set(AS_THEY_ARE))

# How a name and its value are written; "rest" must still be there.
FORMS = [
    "NAME=geheim1 rest",
    "NAME: geheim1\nrest",
    "NAME => 'ge heim', rest",
    "NAME := 'ge heim' rest",
    'POST {"NAME": "ge heim", "rest": 1}',
    "{'NAME': 'ge heim', 'rest': 1}",
    r'sent "{\"NAME\":\"ge heim\",\"rest\":1}"',
    r'"{\\\"NAME\\\":\\\"ge heim\\\",\\\"rest\\\":1}"',
    r'{"NAME": "my \" geheim", "rest": 1}',
    "{NAME: 'geheim', rest: 1}",
    "{b'NAME': b'ge heim', b'rest': b'1'}",
    "[('NAME', 'ge heim'), ('rest', '1')]",
    "NAME='ge heim' user=rest",
    'NAME="ge heim" user=rest',
    "NAME='ge''heim' user=rest",
    r"NAME='ge\'heim' user=rest",
    '"NAME":\n    "geheim"\nrest',
    'rest, cut off "NAME": "gehei',
    "NAME=b'ge heim' rest",
    "rest [NAME=geheim]",
    '{"name": "NAME", "value": "ge heim"}, rest',
    "[Header(name='NAME', value='ge heim'), rest]",
    "NAME: |\n  ge\n  heim\nrest",
    "NAME: >-\n  geheim\nrest",
    "NAME: !!str geheim\nrest",
    "NAME:\n  of: geheim\n  and: ge heim\nrest: 1",
    "NAME:\n- ge heim\n- geheim\nrest: 1",
    "rest NAME != 'geheim'",
    "NAME[0]=geheim rest",
    "NAME2=geheim rest",
    "{&quot;NAME&quot;: &quot;ge heim&quot;, &quot;rest&quot;: 1}",
    "{&#34;NAME&#34;:&#34;ge heim&#34;,&#34;rest&#34;:1}",
    "{&#x27;NAME&#x27;: &#x27;ge heim&#x27;, &#x27;rest&#x27;: 1}",
    "NAME=&quot;ge heim&quot; rest",
    "NAME=&#39;ge heim&#39; rest",
    "%22NAME%22%3A%22ge%20heim%22%2C%22rest%22%3A1",
    "%2522NAME%2522%253A%2522ge%2520heim%2522%252C%2522rest%2522",
]
UNQUOTED = [
    "NAME=ge,he;im&geheim user=rest",
    "https://exchange.example/?a=1&NAME=geheim%20x&rest=2",
    "https://x.example/?next=%2F%3FNAME%3Dgeheim%26rest%3D1",
    'curl -H "NAME: geheim" https://rest',
    "{NAME: geheim, rest: 1}",
    "<NAME>ge heim</NAME><rest/>",
    '<a:NAME b="c"><![CDATA[ge<heim]]></a:NAME> rest',
    "NAME[]=geheim&rest=1",
    "NAME=geheim; Rest=rest",
    "?a=1&amp;NAME=geheim&amp;rest=2",
    "https://x.example/?next=%252F%253FNAME%253Dgeheim%2526rest%253D1",
    "NAME%25253Dgeheim%252526rest%25253D1",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_value_is_masked_by_its_name_however_both_are_written(name: str) -> None:
    takes_the_line = name in ("Cookie", "Set-Cookie", "Authorization", "Proxy-Authorization")
    for form in FORMS if takes_the_line or " " in name else (*FORMS, *UNQUOTED):
        shown = mask_secrets(form.replace("NAME", name))
        assert "heim" not in shown, form
        assert "gehei" not in shown, form
        assert "***" in shown, form
        assert "rest" in shown or takes_the_line, form


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer geheim1234 rest",
        "Authorization: Basic Z2VoZWltOmdlaGVpbQ== rest",
        'Authorization: Digest username="x", response="geheim"\nrest',
        "sent bearer geheim1234 to rest",
        "Cookie: a=geheim; b=geheim\nHost: rest",
        r"GET / HTTP/1.1\r\nCookie: a=geheim; b=geheim\r\nHost: rest",
        "curl -H 'Cookie: a=geheim; b=geheim' https://rest",
        "Set-Cookie: sid=geheim; Path=/\nrest",
        "postgresql://cts:geheim@db/rest",
        "rest redis://:geheim@db/0",
        "rest, cut off postgresql://cts:geheim",
        'apiSecret "geheim" rest',
        "API key 'geheim' rest",
        "ALTER ROLE rest PASSWORD 'geheim'",
        'set_password("geheim") rest',
        "cts --password geheim --rest",
        r"host=db password=ge\ heim user=rest",
        "host=db password = 'ge heim' user=rest",
        "DRIVER=x;Pwd=geheim;Uid=rest",
        "auth[password]=geheim&rest=1",
        "api%5Fkey=geheim&rest=1",
        "-----BEGIN RSA PRIVATE KEY-----\ngeheim\n-----END RSA PRIVATE KEY-----\nrest",
        '{"credentials": {"user": "x", "of": "geheim"}, "rest": 1}',
        "API_KEYS=geheim1,geheim2 rest",
        "-[ RECORD 1 ]-----\napi_key  | geheim\nname | rest",
        "api_secret\tgeheim\nrest",
        "api_key geheim123 rest",
        "the api_secret is 'ge heim', rest",
        "SET api_secret TO 'geheim' rest",
        "rest WHERE api_key IN ('geheim', 'ge heim')",
        "rest: Key (exchange, api_key)=(bybit, geheim) already exists.",
        "rest: Failing row contains (1, geheim, (x)).",
        "INSERT INTO rest (name, api_key) VALUES ('a', 'geheim')",
        "rest [SQL: UPDATE x SET api_key=? WHERE id=?]\n[parameters: ('geheim', 1)]",
        "rest sqlite:///file:x.db%3Fkey%3Dgeheim%26mode=ro",
        "rest sqlite:///x.db?hexkey=geheim",
        "listenKey=geheim rest",
        "aws_access_key_id=geheim rest",
        "api_key_old=geheim rest",
        "?next=a%3D1%26api_key%3Dgeheim%26rest%3D2",
        "%7B%22a%22%3A1%2C%22api_key%22%3A%22geheim%22%7D rest",
        "x%253A1%252C%2522api_key%2522%253A%2522geheim%2522%257D rest",
        "curl -u cts:geheim https://rest",
        "curl -sSu 'cts:ge heim' https://rest",
        "curl -X GET --user=cts:geheim https://rest",
        'curl --proxy-user "cts:ge heim" https://rest',
        "curl -ucts:geheim https://rest",
        "['curl', '-u', 'cts:geheim', 'https://rest']",
        'sent "curl -u \\"cts:ge heim\\" https://rest"',
        "http -a cts:geheim https://rest",
        "https -A bearer -a geheim12 rest",
        "['http', '-a', 'cts:ge heim', 'https://rest']",
        "redis-cli -h rest -a geheim",
        "id,name,api_key\n1,rest,geheim\n2,rest,geheim",
        "cannot read: api_secret;name\r\ngeheim;rest\r\ngeheim;rest",
        'id,"api_key",note\n1,geheim,"a, b\nrest"\n2,"ge\nheim",rest',
        'id,note,api_key\n1,"a, b\nrest",geheim',
        r"sent id,api_key\n1,geheim\n2,geheim\nrest",
        "api_key\tname\ngeheim\trest",
        " id | api_key | name\n----+---------+------\n  1 | geheim  | rest",
        "| API Key | name |\n|:--|---|\n| geheim | rest |",
        "rest: Failing row contains (geheim, cut off",
    ],
)
def test_credentials_in_headers_urls_and_commands_are_masked(text: str) -> None:
    shown = mask_secrets(text)
    assert "heim" not in shown
    assert "Z2Vo" not in shown
    assert "***" in shown
    assert "rest" in shown


@pytest.mark.parametrize(
    "text",
    [
        "PRIMARY KEY (id)",
        "primary key: id",
        "foreign key = portfolio_id",
        "state_key=k1",
        "sort_key=created_at, row_key: 5, public_key=abc, keys: 5",
        "Key (id)=(7) already exists",
        "Key (state_key)=(k1) already exists.",
        'duplicate key value violates unique constraint "uq_users_email"',
        'null value in column "api_key" of relation "users" violates not-null constraint',
        "columns ['api_key', 'api_secret', 'name'] are missing",
        "KeyError: 'api_key'",
        "has_api_key=true, api_key: null, password = None",
        "password expired 2026-01-01, secret rotation in version2.5",
        "INSERT INTO orders (symbol) VALUES ('BTC')",
        "<key><a>1</a></key> <b>2</b>",
        "id | key | state",
        'unrecognized token: "\'abc"',
        "Unexpected token '<', \"<html>\" is not valid JSON",
        'syntax error at or near token "FROM"',
        'password authentication failed for user "cts"',
        "Basic authentication failed; bearer authentication is required",
        "token_count=5, tokens: 5, sign_type=2, X-BAPI-SIGN-TYPE: 2, design: new, bypass=true",
        "http://localhost:3000/x",
        "postgresql://cts@db:5432/cts?sslmode=require&sslkey=/run/cts.pem",
        "sqlite:////home/a:b@c/cts.db",
        "docker run -u 1000:1000 cts",
        "curl -u cts https://db.example:443/x -U proxy http://a:8080/",
        "a &quot;key&quot; of 100%25 &amp; more",
        "id,key,value\n1,symbol,BTC",
        "api_key, name\nare missing",
        "an http call failed - a retry follows, http -av https://x.example/",
    ],
)
def test_what_only_looks_like_a_credential_is_shown(text: str) -> None:
    assert mask_secrets(text) == text


def test_urls_of_databases_and_errors_have_the_same_masker() -> None:
    assert mask_url("sqlite:///x.db?key=geheim") == "sqlite:///x.db?key=***"
    assert mask_url("postgresql://db/cts?pwd=geheim&a=1") == "postgresql://db/cts?pwd=***&a=1"
    assert in_a_line(ValueError("api_key=AKIA123 refused")) == "ValueError: api_key=*** refused"
    error = SchemaError(cause="apiSecret 'geheim'", reported="Cookie: a=geheim", next_step="try key=geheim")
    assert "geheim" not in str(error)


def test_errors_the_run_log_the_pages_and_the_programs_mask_the_same_spellings(
    head: Database, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    spellings = [
        "api_key=geheim1 seen",
        "{&quot;api_key&quot;: &quot;ge heim&quot;} seen",
        "api_key%253Dgeheim1%2526a%253D1 seen",
        "curl -u cts:geheim1 https://seen",
        "Authorization: Bearer geheim1 seen",
        "token: geheim1 seen",
        "postgresql://cts:geheim1@db/seen",
        "password 'ge heim' seen",
    ]
    shown = []
    for text in spellings:
        log = RunLog("upgrade", "a database")
        with (
            suppress(ValueError),
            head.engine.connect() as connection,
            log.recorded(connection, Options(), lambda: RunState(None, None), owned=True),
        ):
            raise ValueError(text)
        error = SchemaError(cause=text, next_step=text, reported=text)
        print_error(error, as_json=False, traceback_text=text)
        print_error(error, as_json=True, traceback_text=text)
        shown += [error.worded(of_alembic), error.worded(in_code), repr(error), Problem.of(error).model_dump_json()]
    with head.engine.connect() as connection:
        shown += map(str, connection.scalars(sa.select(SiteLog.error_message)))
        shown += map(str, connection.scalars(sa.select(SiteLog.metadata_)))
    with head.engine.begin() as connection:
        for text in spellings:
            connection.execute(sa.insert(SiteLog).values(level="critical", category="api", message=text))
    with client_of(head.url) as client:
        shown.append(client.get(STATS).text)
    shown += [capsys.readouterr().err, caplog.text]
    everything = "\n".join(map(str, shown))
    assert "heim" not in everything
    assert everything.count("seen") >= 10 * len(spellings)


def test_a_masked_text_stays_as_it_is() -> None:
    for name, form in itertools.product(("password", "apiKey", "X-BAPI-SIGN"), FORMS):
        shown = mask_secrets(form.replace("NAME", name))
        assert mask_secrets(shown) == shown


def test_a_long_text_takes_no_longer_than_its_length() -> None:
    parts = ["a", "key ", "key=", "'", "\\", "://a:", "a%253D", "%25", "53D", "curl -u ", "curl -", "key=&quot;"]
    parts += [
        "Cookie:\\n",
        "'Cookie:a",
        "-u",
        "a.",
        "a://",
        "a,",
        ": ",
        "Failing row contains (",
        'a,"\n',
        "a,api_key\n",
        'a,api_key\n"x\n',
        " ",
    ]
    for text in (part * (40_000 // len(part)) for part in parts):
        assert mask_secrets(text)
