"""`policy.turning` where no condition could be otherwise."""

from __future__ import annotations

from authz.model.reasons import Reason
from authz.policy.load import load_policies
from tests.support.explaining import explained
from tests.unit.policy.test_judge import DIRECTORY, FORBID, PERMIT, QUESTION


def test_a_forbid_of_everything_has_no_way_out() -> None:
    """None is named: the policy itself would have to go."""
    text = f"{PERMIT}{FORBID}".encode()
    policies, _ = load_policies({"policies/global/a.cedar": text}, DIRECTORY)

    for leg in explained(QUESTION, policies):
        assert (leg.reason, leg.changes, leg.turning_point) == (Reason.FORBIDDEN, (), None)
        assert [policy.conditions for policy in leg.policies] == [()]
