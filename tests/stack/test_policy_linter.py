"""parliament, a linter for IAM policies, finds nothing new in ours, and something in a bad one (A6)."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from stack import grants
from stack.naming import Place
from tests.stack.house_rules import NEEDS_A_STAR

LINTER = Path(sys.executable).parent / "parliament"


def findings(folder: Path) -> list[tuple[str, list[str]]]:
    """What the linter says of the documents in a folder: (issue, actions or resources)."""
    linted = subprocess.run([LINTER, "--directory", folder, "--json"], capture_output=True, text=True, check=False)
    told = linted.stdout.splitlines()
    assert (linted.returncode, "Traceback" in linted.stderr) == (1 if told else 0, False), linted.stderr
    return [(finding["issue"], finding["detail"]) for finding in map(json.loads, told)]


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_it_finds_one_known_star_in_the_roles_of_every_environment(environment: str, tmp_path: Path) -> None:
    place = Place(
        environment=environment, account="123456789012", region="us-east-2", cost_centre="c", data_classification="d"
    )
    documents = grants.documents(place, place.arn("kms", "key/k"))
    for purpose, document in documents.items():
        (tmp_path / f"{purpose}.json").write_text(document)

    assert len(documents) >= len(grants.FUNCTIONS)
    assert findings(tmp_path) == [("RESOURCE_STAR", sorted(NEEDS_A_STAR))]


def test_it_finds_in_the_policies_on_resources_the_star_of_the_key_alone(tmp_path: Path) -> None:
    """A key policy can name no other resource than ``*`` (KMS guide, 'Key policies')."""
    place = Place(
        environment="dev", account="123456789012", region="us-east-2", cost_centre="c", data_classification="d"
    )
    for purpose, document in grants.resource_documents(place).items():
        (tmp_path / f"{purpose}.json").write_text(document)

    assert [issue for issue, _ in findings(tmp_path)] == ["RESOURCE_STAR", "RESOURCE_STAR"]
    (tmp_path / "resource-key.json").unlink()
    assert findings(tmp_path) == []


def test_it_finds_an_action_that_does_not_apply_to_its_resource(tmp_path: Path) -> None:
    statement = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::a-bucket"]}
    (tmp_path / "bad.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))

    assert [issue for issue, _ in findings(tmp_path)] == ["RESOURCE_MISMATCH"]
