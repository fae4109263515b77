"""How a family of jobs is called in AWS's API: everything follows from two words."""

from dataclasses import dataclass


@dataclass(frozen=True)
class JobNames:
    """The names of one family.

    Attributes:
        word: such as `Transform`, in CreateTransformJob and TransformStartTime.
        kind: as in its ARN, such as `transform-job`.
    """

    word: str
    kind: str

    @property
    def noun(self) -> str:
        """The family in a sentence."""
        return f"{self.word.lower()} job"

    @property
    def name(self) -> str:
        """The member that holds a job's name."""
        return f"{self.word}JobName"

    @property
    def arn(self) -> str:
        """The member that holds a job's ARN."""
        return f"{self.word}JobArn"

    @property
    def status(self) -> str:
        """The member that holds a job's status."""
        return f"{self.word}JobStatus"

    @property
    def start(self) -> str:
        """The member that holds when a job began to run."""
        return f"{self.word}StartTime"

    @property
    def end(self) -> str:
        """The member that holds when a job ended."""
        return f"{self.word}EndTime"

    @property
    def summaries(self) -> str:
        """The member of a List answer."""
        return f"{self.word}JobSummaries"

    @property
    def log_group(self) -> str:
        """Where its logs are in CloudWatch Logs."""
        return f"/aws/sagemaker/{self.word}Jobs"
