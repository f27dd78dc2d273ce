"""What a run is to be, as a person asks for it; what does not go together is refused before anything is loaded."""

from __future__ import annotations

import re

import msgspec

from oci_tui.core.errors import SettingsError
from oci_tui.core.generation import Sampling
from oci_tui.evaluate.results import Conditions, PromptName, ProtocolName

ROUNDS = {"single": 1, "oracle": 2, "visible": 3, "guided": 2}


class Plan(msgspec.Struct, frozen=True):
    """`rounds` 0 and `prompt` "" are the protocol's own, `limit` 0 is no limit; `guide_oracle`: the guide reads a solution."""

    dataset: str
    protocol: ProtocolName = "single"
    prompt: PromptName | None = None
    rounds: int = 0
    samples: int = 1
    limit: int = 0
    guide_oracle: bool = False

    def checked(self, sampling: Sampling, *, guide: bool) -> Plan:
        """With the protocol's own values filled in. Raises SettingsError."""
        own: PromptName = "product" if self.protocol == "visible" else "published"
        if self.protocol in ("oracle", "guided") and self.prompt == "product":
            raise SettingsError(
                f"--prompt product: the protocol {self.protocol} is the paper's, with its own prompt; leave it out"
            )
        if self.protocol == "single" and self.rounds > 1:
            raise SettingsError("--rounds: the protocol single has one reply; choose --protocol visible or oracle")
        if self.samples > 1 and sampling.temperature == 0:
            raise SettingsError("--samples: greedy replies are all the same; give --temperature too")
        if (self.protocol == "guided") != guide:
            wrong = "--protocol guided needs --guide-model or --guide-url" if not guide else "--guide-… needs --protocol guided"
            raise SettingsError(f"{wrong}; give both or neither")
        return msgspec.structs.replace(self, rounds=self.rounds or ROUNDS[self.protocol], prompt=self.prompt or own)


def file_name(conditions: Conditions) -> str:
    """What a results file is called: the same for the same conditions."""
    parts = (conditions.dataset, conditions.protocol, conditions.model)
    said = "-".join(re.sub(r"[^\w.+]+", "-", part.rpartition("/")[2]).strip("-.") for part in parts)
    return f"{said}-{conditions.digest()[:8]}.jsonl"
