"""How a run of two processes shares the tests: end-to-end tests are one piece of work, folders of contract tests and
other files one each."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

TIERS = ("contract", "e2e")


class TiersFirst(LoadScopeScheduling):
    """End-to-end tests share one stack and are one unit; of contract tests each folder is one, elsewhere each file.

    A process starts servers of its own for the contract tests that it gets. ``runtime`` comes before ``stages`` in the
    order of names, in every process: the tests of admission expect topics without groups of stages.
    """

    def _split_scope(self, nodeid: str) -> str:
        parts = nodeid.partition("::")[0].split("/")
        if parts[1] == "e2e":
            return "e2e"
        return "/".join(parts[1:3]) if parts[1] == "contract" else "/".join(parts)

    def remove_node(self, node: WorkerController) -> str | None:
        """Give the rest of a dead process's work to another, without the test that it died in.

        The base class runs that test again and again, and hands out units with nothing left in them, after which no
        process asks for more.
        """
        units = self.assigned_work[node]
        pending = [(unit, nodeid) for unit in units.values() for nodeid, done in unit.items() if not done]
        if pending:
            unit, nodeid = pending[0]
            unit[nodeid] = True
        self.assigned_work[node] = {scope: unit for scope, unit in units.items() if not all(unit.values())}
        super().remove_node(node)
        return pending[0][1] if pending else None

    def schedule(self) -> None:
        """Give a process that joins later two units, or its end: a process keeps its last test back until then."""
        joined_later = self.collection is not None
        super().schedule()
        if joined_later:
            super().schedule()

    def _reschedule(self, node: WorkerController) -> None:
        if node in self.registered_collections:  # one that replaces a dead process may be collecting still
            super()._reschedule(node)

    def _assign_work_unit(self, node: WorkerController) -> None:
        """Start with the tiers, which take longest, although unit-test files hold more tests."""
        tiers = [unit for unit in self.workqueue if unit == "e2e"]
        tiers += sorted(unit for unit in self.workqueue if unit.startswith("contract/"))
        for unit in reversed(tiers):
            self.workqueue.move_to_end(unit, last=False)
        super()._assign_work_unit(node)
