"""Ids: assigned once, never reused."""

from pipelines.etl.id_register import IdRegister, assign_all


def test_a_key_keeps_its_id_and_a_new_key_gets_the_next_one() -> None:
    register = IdRegister({"a": 1, "b": 7})
    assert [register.assign(key) for key in ("b", "c", "a", "d", "c")] == [7, 8, 1, 9, 8]


def test_the_first_id_is_one() -> None:
    assert IdRegister[str]().assign("a") == 1


def test_a_reserved_id_is_not_assigned_to_another_key() -> None:
    register = IdRegister({"a": 3})
    reserved = register.next_id()
    assert register.assign("b") == reserved + 1
    assert register.bind("c", reserved) == register.assign("c") == reserved


def test_new_ids_follow_the_order_of_the_keys() -> None:
    assert assign_all(IdRegister({"b": 1}), ["z", "b", "a"]) == {"z": 2, "b": 1, "a": 3}
