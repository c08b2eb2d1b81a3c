"""Maps, teams and players can be read, searched and paged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.dictionaries.index import Dictionary, Entry
from tests.testkit.service import Service


@pytest.mark.parametrize("path", ["/maps", "/teams", "/players", "/maps/1", "/teams/1", "/players/1"])
async def test_dictionaries_need_a_token(shared_service: Service, path: str) -> None:
    assert (await shared_service.client.get(path)).status_code == 401


@pytest.mark.parametrize(
    ("path", "search", "names"),
    [
        ("/maps", "nuk", ["Nuke"]),
        ("/teams", "VITALITE", ["Vitality"]),
        ("/teams", "i", ["Vitality", "FURIA"]),
        ("/players", "zyw", ["ZywOo"]),
        ("/teams", "vitalty", ["Vitality"]),
        ("/teams", "FURAI", ["FURIA"]),
        ("/teams", "los kgutos", ["Los Kogutos"]),
        ("/players", "zwyoo", ["ZywOo"]),
        ("/teams", "xyz", []),
        ("/teams", "nothing like it", []),
    ],
)
async def test_a_search_ignores_case_accents_and_typos(
    shared_service: Service, path: str, search: str, names: list[str]
) -> None:
    page = (await shared_service.get(path, search=search)).json()
    assert [item["name"] for item in page["items"]] == names


async def test_a_mistyped_name_gets_suggestions(shared_service: Service) -> None:
    page = (await shared_service.get("/teams", name="Vitalty")).json()
    assert page["items"] == []
    assert page["suggestions"][0] == "Vitality"


@pytest.mark.parametrize("kind", ["map", "team", "player"])
async def test_one_is_read_by_its_id_and_an_unknown_one_is_a_problem(shared_service: Service, kind: str) -> None:
    first = (await shared_service.get(f"/{kind}s", limit=1)).json()["items"][0]
    shown = (await shared_service.get(f"/{kind}s/{first['id']}")).json()
    assert shown == {**shown, **first}
    response = await shared_service.get(f"/{kind}s/999999")
    assert (response.status_code, response.json()["type"]) == (404, f"urn:cs2-forecast:problem:unknown-{kind}")


@pytest.mark.parametrize("path", ["/maps/0", "/maps/Nuke", "/maps/99999999999", "/maps?limit=0", "/maps?aftr=1"])
async def test_a_wrong_parameter_is_named(shared_service: Service, path: str) -> None:
    response = await shared_service.client.get(path, headers={"Authorization": f"Bearer {shared_service.token()}"})
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] in {"map_id", "limit", "aftr"}


async def test_pages_contain_every_entry_once(shared_service: Service) -> None:
    seen: list[int] = []
    after: int | None = 0
    while after is not None:
        page = (await shared_service.get("/players", limit=3, after=after)).json()
        seen += [item["id"] for item in page["items"]]
        after = page["next_after"]
    assert len(seen) == len(set(seen)) == 11
    assert seen == sorted(seen)


@given(ids=st.sets(st.integers(1, 10_000)), limit=st.integers(1, 7))
def test_paging_leaves_nothing_out_and_repeats_nothing(ids: set[int], limit: int) -> None:
    dictionary = Dictionary(Entry(id=key, name=f"name {key}") for key in ids)
    seen: list[int] = []
    after: int | None = 0
    while after is not None:
        page = dictionary.page(search=None, name=None, after=after, limit=limit)
        seen += [entry.id for entry in page.items]
        after = page.next_after
    assert seen == sorted(ids)
