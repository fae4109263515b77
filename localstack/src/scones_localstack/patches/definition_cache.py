"""Step Functions parses a state machine's definition again for every execution.

The parser is ANTLR in pure Python: tens of milliseconds for three states. What it makes is a tree
of components that an execution walks but does not change (the iterations of one Map walk the same
tree at the same time), so executions of one definition can share it.
"""

from scones_localstack.patches.memory import remember

WRITTEN_FOR = {"localstack-core": "4.14.0"}
_MOST_DEFINITIONS = 256


def apply() -> None:
    """Give execution workers a parser that remembers."""
    from localstack.services.stepfunctions.asl.component.eval_component import EvalComponent
    from localstack.services.stepfunctions.asl.parse.asl_parser import AmazonStateLanguageParser
    from localstack.services.stepfunctions.backend.execution_worker import ExecutionWorker

    program = remember(
        lambda definition: AmazonStateLanguageParser.parse(definition)[0], _MOST_DEFINITIONS
    )

    def entrypoint(self: ExecutionWorker) -> EvalComponent:
        return program(self._evaluation_details.state_machine_details.definition)

    ExecutionWorker._get_evaluation_entrypoint = entrypoint
