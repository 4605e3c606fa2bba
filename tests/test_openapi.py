"""OpenAPI tells the truth: whatever is asked, the answer is one of those that it describes."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case
from schemathesis.core.result import Ok

from tests.support.databases import Database
from tests.support.served import BEARER, MIGRATE, SETTINGS, STATS, STATUS, client_of

EXAMPLES = 15
NO_LIMIT = {"rate": "100000/minute", "wrong_tokens": "100000/minute"}


def described(client: httpx.Client) -> dict[str, set[str]]:
    """Return the methods of each route that OpenAPI describes."""
    return {route: set(methods) for route, methods in client.get("/openapi.json").json()["paths"].items()}


@pytest.mark.parametrize("headers", [BEARER, {}, {"Authorization": "Bearer another"}], ids=["token", "none", "wrong"])
def test_every_answer_is_one_that_openapi_describes(head: Database, headers: dict[str, str]) -> None:
    with client_of(head.url, **NO_LIMIT) as client:
        schema = schemathesis.openapi.from_url(f"{client.base_url}/openapi.json")
        for found in schema.get_all_operations():
            assert isinstance(found, Ok)

            @settings(
                max_examples=EXAMPLES,
                deadline=None,
                database=None,
                derandomize=True,
                phases=[Phase.explicit, Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=found.ok().as_strategy())
            def conforms(case: Case[Any]) -> None:
                case.call_and_validate(headers=headers)  # among others: no status that is not described

            conforms()


def test_every_route_is_described_and_needs_a_token_where_it_should(head: Database) -> None:
    with client_of(head.url) as client:
        told = client.get("/openapi.json").json()
        assert described(client) == {
            STATUS: {"get"},
            SETTINGS: {"get"},
            STATS: {"get"},
            MIGRATE: {"post"},
            MIGRATE + "/{run_id}": {"get"},
        }
    for route, methods in told["paths"].items():
        for method in methods.values():
            assert method["description"]
            assert bool(method.get("security")) is route.startswith(MIGRATE)
    for name, model in told["components"]["schemas"].items():
        assert model.get("description"), name
