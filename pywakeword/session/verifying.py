"""From a detected wake word to the verifier's judgement of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Literal

from pywakeword.events import Detection
from pywakeword.session.clock import SampleClock
from pywakeword.session.events import Failed, SessionEvent, VerdictGiven
from pywakeword.session.machine import Trigger
from pywakeword.session.partners import WordVerifier, decision_of


@dataclasses.dataclass
class Verifying:
    """Asks the verifier about one wake word at a time.

    `report` takes the events and `fire` the triggers. `without_verdict` is the decision
    when the verifier abstains or fails.
    """

    verifier: WordVerifier
    without_verdict: Literal["accept", "reject"]
    clock: SampleClock
    report: Callable[[SessionEvent], None]
    fire: Callable[[Trigger], None]

    async def verify(self, detection: Detection) -> None:
        """Fire `ACCEPTED` or `REJECTED`; a failure is reported."""
        decision: str = self.without_verdict
        try:
            verdict = await self.verifier.verify(detection)
            answer = decision_of(verdict)
        except Exception as error:
            self.report(Failed(self.clock.now, "verifier", error))
        else:
            self.report(VerdictGiven(self.clock.now, detection, answer, verdict))
            if answer != "abstain":
                decision = answer
        self.fire(Trigger.ACCEPTED if decision == "accept" else Trigger.REJECTED)
