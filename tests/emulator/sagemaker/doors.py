"""The two doors to SageMaker: the service's own port, and LocalStack's.

A test marked `both_doors` runs once through each. It uses boto3 alone: pointed at AWS it would need
an image there that does as `fake_image.py` does, and that account's number in its ARNs. LocalStack
and the service are the session's own; nothing is started for it.
"""

import pytest

both_doors = pytest.mark.parametrize("door", ["direct", "localstack"], indirect=True)
