"""Worlds as people write them: what loads is what was meant, and no Cell lets anything past."""

from __future__ import annotations

from hypothesis import event, given
from hypothesis import strategies as st

from authz.directory.compiled import KeyFile
from authz.directory.load import load_directory
from tests.laws.deciding import answer_in, directory_of
from tests.laws.drafts import allowed, drafts, most
from tests.laws.effort import promised
from tests.laws.parties import Draft, expected
from tests.laws.texts import Written, documents_of, load
from tests.support.values import replace


def _turned(draft: Draft) -> Draft:
    """Let the roles change places, so that the walled one is the one that counts."""
    return replace(draft, roles=draft.roles[::-1])


written = st.builds(
    Written,
    draft=st.one_of(allowed(), allowed().map(_turned), drafts),
    team=most,
    crew=st.one_of(most, st.none()),
)


@promised
@given(written)
def test_a_text_decides_as_sets_say(text: Written) -> None:
    """From YAML and Cedar to the token: what sets say, with every ceiling within its Cell's."""
    decision_point = load(text)

    answered = answer_in(decision_point, text.draft)

    event(answered.record["reason"])
    assert answered.scopes == expected(text.capped), answered.record


@given(written)
def test_what_loads_is_what_other_laws_are_told_of(text: Written) -> None:
    """The directory that laws make by hand is the one that the loader gives for the same draft."""
    (loaded, _), by_hand = load_directory(documents_of(text)), directory_of(text.capped)

    gate = replace(loaded.gate, keys_folder="", records_file="")
    issuers = {name: replace(row, keys=KeyFile("")) for name, row in loaded.issuers.items()}
    assert gate == by_hand.gate
    assert issuers == by_hand.issuers
    assert loaded.roles == by_hand.roles
    assert loaded.agents == by_hand.agents
    assert loaded.agents_by_spiffe == by_hand.agents_by_spiffe
    assert loaded.agents_by_client == by_hand.agents_by_client
    assert loaded.targets == by_hand.targets
    assert loaded.targets_by_host.keys() == by_hand.targets_by_host.keys()
    assert loaded.namespaces == by_hand.namespaces
    for members, hands in (
        (loaded.roles_by_user, by_hand.roles_by_user),
        (loaded.roles_by_group, by_hand.roles_by_group),
    ):
        assert {name: {*roles} for name, roles in members.items()} == {
            name: {*roles} for name, roles in hands.items()
        }
