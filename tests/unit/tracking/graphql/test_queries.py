"""Which fields a query asks for, and what is no query or asks for too much."""

from __future__ import annotations

from typing import Any

import pytest

from heirloom.core.errors import Invalid
from heirloom.core.tracking.graphql.plan import Wanted, planned
from heirloom.core.tracking.graphql.syntax import parse


def told(text: str, name: str = "", **variables: Any) -> dict[str, Any]:
    """The fields of a query by their keys; of those that have no others their arguments."""
    return shown(planned(parse(text), name, variables))


def shown(fields: tuple[Wanted, ...]) -> dict[str, Any]:
    return {field.key: shown(field.fields) if field.fields else dict(field.arguments) for field in fields}


def test_reads_all_kinds_of_values() -> None:
    text = '{ a(i: 1, f: -0.5e1, s: "x\\u00e4\\"", t: true, n: null, e: RED, l: [1, [2]], o: {k: "v"}, none: []) }'

    assert told(text) == {
        "a": {
            "i": 1,
            "f": -5.0,
            "s": 'xä"',
            "t": True,
            "n": None,
            "e": "RED",
            "l": [1, [2]],
            "o": {"k": "v"},
            "none": [],
        }
    }


def test_variables_are_put_in_and_those_that_are_missing_left_out() -> None:
    text = 'query q($a: [Int!]! = [3] @x, $b: Int, $c: String = "c", $d: Int) { f(a: $a, o: {b: $b, d: $d}, l: [$d]) }'

    assert told(text, "q", b=7) == {"f": {"a": [3], "o": {"b": 7}, "l": [None]}}
    assert told(text, "q", a=None, d=2) == {"f": {"a": None, "o": {"d": 2}, "l": [2]}}


def test_fragments_and_the_same_field_twice_are_put_together() -> None:
    text = """
      query q { run { ...info ... on Run { id } ... { name } info { b } } other: run { id } }  # both
      fragment info on Run @x { info { a } ...more }
      fragment more on Run { more ...info }
    """

    assert told(text) == {"run": {"info": {"a": {}, "b": {}}, "more": {}, "id": {}, "name": {}}, "other": {"id": {}}}


def test_skips_what_is_not_asked_for_this_time() -> None:
    text = "query q($yes: Boolean) { a @include(if: $yes) b @skip(if: $yes) c @include(if: false) d @other(x: 1) }"

    assert told(text, yes=True) == {"a": {}, "d": {}}
    assert told(text, yes=False) == {"b": {}, "d": {}}


def test_takes_the_operation_that_is_named() -> None:
    text = "query first { a } mutation second { b }"

    assert told(text, "second") == {"b": {}}
    with pytest.raises(Invalid, match="operation name"):
        told(text)
    with pytest.raises(Invalid, match='named "third"'):
        told(text, "third")
    with pytest.raises(Invalid, match="provide an operation"):
        told("fragment f on Run { a }")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("subscription s { a }", "Expected query, mutation or fragment, found 'subscription'"),
        ("{ a ", "Expected a name, found '<EOF>'"),
        ("{ }", "Expected a name, found '}'"),
        ("{ a(b: ) }", r"Expected a value, found '\)'"),
        ("{ a(b: [1) }", r"Expected a value, found '\)'"),
        ("{ a(1: 1) }", "Expected a name, found '1'"),
        ("{ a % }", "Unexpected character: '%'"),
        ('{ a(b: "x) }', "Unexpected character: '\"'"),
        ("fragment a in Run { b }", "Expected on, found 'in'"),
        ("query q($a Int) { a }", "Expected :, found 'Int'"),
        ("{ ...gone }", 'Unknown fragment "gone"'),
    ],
)
def test_says_what_is_no_query(text: str, message: str) -> None:
    with pytest.raises(Invalid, match=message):
        told(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{ " + " ".join(f"a{n}" for n in range(11)) + " }", "at most 10 root fields, got 11 root fields"),
        ("{ a { " + " ".join(f"x{n}: b" for n in range(11)) + " } }", "at most 10 aliases, got 11 aliases"),
        ("{ a { " + " ".join(f"b{n}" for n in range(1000)) + " } }", "exceeds maximum total selections of 1000"),
        ("{ a " * 11 + "}" * 11, "exceeds maximum depth of 10"),
        ("{ ... " * 11 + "}" * 11, "exceeds maximum depth of 10"),
        ("{ ...f } fragment f on Run { a { ...f } }", "exceeds maximum depth of 10"),
        ("{ a(b: " + "[" * 11 + "]" * 11 + ") }", "A value exceeds the maximum depth of 10"),
        ("{ a }" + "".join(f" fragment f{n} on Run {{ a }}" for n in range(51)), "at most 50 fragments, got 51"),
    ],
)
def test_refuses_what_asks_for_too_much(text: str, message: str) -> None:
    with pytest.raises(Invalid, match=message):
        told(text)
