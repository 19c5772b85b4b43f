from localcloud.engine.paths import covers, parse_path, rendered, restored


def test_a_path_has_names_quoted_keys_indices_and_wildcards() -> None:
    assert parse_path('rules[0].tags["a.b"].values[*]') == ("rules", 0, "tags", "a.b", "values", "*")


def test_a_rendered_path_parses_to_itself() -> None:
    path = ("environment", "variables", "a.b", 3)

    assert parse_path(rendered(path)) == path


def test_a_pattern_covers_what_is_inside_it_and_what_holds_it() -> None:
    assert covers(("a",), ("a", "b"))
    assert covers(("a", "b"), ("a",))
    assert covers(("a", "*", "c"), ("a", 4, "c"))
    assert not covers(("a", "x"), ("a", "b"))


def test_an_ignored_nested_property_keeps_its_old_value() -> None:
    new = {"environment": {"variables": {"MODE": "new", "SIZE": "2"}}}
    old = {"environment": {"variables": {"MODE": "old", "SIZE": "1"}}}

    kept = restored(new, old, [parse_path("environment.variables.MODE")])

    assert kept == {"environment": {"variables": {"MODE": "old", "SIZE": "2"}}}


def test_an_ignored_property_that_the_old_inputs_lack_is_removed() -> None:
    assert restored({"name": "a", "routingConfig": {"w": 1}}, {"name": "a"}, [("routingConfig",)]) == {"name": "a"}


def test_an_ignored_property_that_the_program_dropped_comes_back() -> None:
    assert restored({"name": "a"}, {"name": "a", "tags": {"x": "1"}}, [("tags", "x")]) == {
        "name": "a",
        "tags": {"x": "1"},
    }


def test_a_wildcard_ignores_a_property_of_every_item() -> None:
    new = {"rules": [{"name": "a", "count": 2}, {"name": "b", "count": 3}]}
    old = {"rules": [{"name": "a", "count": 1}, {"name": "b", "count": 1}]}

    assert restored(new, old, [parse_path("rules[*].count")]) == old
